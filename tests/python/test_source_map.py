"""The source map in urllib and requests, as a script sees it."""

import http.server
import os
import sys
import threading

import pytest
from test_compat import Script, has

READ = """
import urllib.request, urllib.error
def read(url, **options):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **options)) as answer:
            return answer.status, answer.read().decode(), answer.headers['Content-Length']
    except urllib.error.HTTPError as error:
        return error.code, str(error.reason)
"""


@pytest.fixture
def script(tmp_path):
    one = Script(tmp_path)
    for name, text in {"data/a.txt": "A", "data/deep/b.txt": "BB", "data/q?x=1": "with", "data/q": "without", "secret": "S", "other/a.txt": "other"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.symlink(str(tmp_path / "secret"), str(tmp_path / "data" / "out"))
    os.symlink(str(tmp_path / "data" / "a.txt"), str(tmp_path / "data" / "in"))
    return one


@pytest.fixture
def rules(tmp_path):
    return [
        {"prefix": "http://dead.invalid", "folder": str(tmp_path / "other")},
        {"prefix": "http://dead.invalid/data", "folder": str(tmp_path / "data")},
    ]


def test_urlopen_reads_the_longest_prefix(script, rules):
    code = READ + """
print(read('http://dead.invalid/data/a.txt'))
print(read('HTTP://Dead.Invalid:80/data/deep/b%2etxt#top'))
print(read('http://dead.invalid/a.txt'))
print(read('http://dead.invalid/data/in', headers={'X': 'y'}))
print(read('http://dead.invalid/data/a.txt', method='HEAD'))
print(urllib.request.urlretrieve('http://dead.invalid/data/a.txt', 'copy')[0], open('copy').read())
"""
    assert script(code, sources=rules) == ["(200, 'A', '1')", "(200, 'BB', '2')", "(200, 'other', '5')", "(200, 'A', '1')", "(200, '', '1')", "copy A"]
    assert script.notes("sources")[0] == "http://dead.invalid/data/a.txt was read from %s (rule http://dead.invalid/data)" % (script.folder / "data" / "a.txt")
    assert len(script.notes("sources")) == 4
    assert script.errors.count("was read from") == 2  # the first of each rule


def test_queries_and_what_is_missing(script, rules):
    code = READ + """
print(read('http://dead.invalid/data/q?x=1')[1], read('http://dead.invalid/data/q?x=2')[1], read('http://dead.invalid/data/q')[1])
for name in ('none', '../secret', '%2e%2e/secret', '..%2fsecret', 'out', 'deep', 'a.txt/..', 'a%00'):
    print(read('http://dead.invalid/data/' + name))
"""
    out = script(code, sources=rules)
    assert out[0] == "with without without"
    assert len(out) == 9
    for line in out[1:]:
        assert line.startswith("(404, \"Runwright's source map: the rule http://dead.invalid/data -> ") and "there is no file" in line
    assert str(script.folder / "data" / "none") in out[1]
    assert any("there is no file" in note for note in script.notes("sources"))


def test_a_prefix_ends_where_a_part_of_the_path_ends(script, tmp_path):
    rules = [{"prefix": "http://127.0.0.1:9/data", "folder": str(tmp_path / "data")}, {"prefix": "http://h/x/whole.zip", "folder": str(tmp_path)}]
    (tmp_path / "whole.zip").write_text("zip")
    code = READ + """
for url in ('http://127.0.0.1:9/database/a.txt', 'http://127.0.0.1:9/', 'https://127.0.0.1:9/data/a.txt'):
    try: print(read(url))
    except urllib.error.URLError as error: print('network')
try: print(read('http://127.0.0.1:9/data/a.txt', data=b'sent'))
except urllib.error.URLError as error: print('network')
print(read('http://h/x/whole.zip?sv=2'))
"""
    assert script(code, sources=rules) == ["network"] * 4 + ["(200, 'zip', '3')"]


def test_nothing_of_urllib_is_loaded_for_it(script, rules):
    assert not [name for name in script.loads(sources=rules) if name.startswith(("urllib", "http", "email"))]


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("%s %s" % (self.path, self.headers.get("Authorization"))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror():
    server = http.server.HTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield "http://127.0.0.1:%d/m" % server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mirror_stands_for_the_host(script, mirror):
    code = READ + """
print(read('http://dead.invalid/x/a.bin?v=1', headers={'Authorization': 'Basic secret'}))
print(urllib.request.urlopen('http://dead.invalid/x').read().decode())
"""
    rules = [{"prefix": "http://dead.invalid/x", "mirror": mirror}]
    assert script(code, sources=rules) == ["(200, '/m/a.bin?v=1 None', '17')", "/m None"]
    assert script.notes("sources")[0] == "http://dead.invalid/x/a.bin?v=1 was read from %s/a.bin?v=1 (rule http://dead.invalid/x)".replace(
        "a.bin?v=1 was", "a.bin was") % mirror


REQUESTS = """
import requests
with requests.get('http://dead.invalid/data/a.txt', stream=True) as answer:
    print(answer.status_code, b''.join(answer.iter_content(1)), answer.headers['content-length'])
print(requests.get('http://dead.invalid/data/deep/b.txt', params={'v': 1}).text, requests.head('http://dead.invalid/data/a.txt').status_code)
try: requests.get('http://dead.invalid/data/none').raise_for_status()
except requests.HTTPError as error: print(error)
session = requests.Session()
print(session.get('http://mirrored.invalid/x', auth=('me', 'secret')).text)
try: requests.post('http://127.0.0.1:9/data/a.txt', data='x')
except requests.ConnectionError: print('network')
"""


def test_requests(script, rules, mirror, tmp_path):
    interpreter = next((one for one in (sys.executable, "/usr/bin/python3") if has("requests", one)), None)
    if interpreter is None:
        pytest.skip("SKIPPED LOUDLY: no interpreter has requests: apt-get install python3-requests")
    rules = rules + [{"prefix": "http://mirrored.invalid", "mirror": mirror}, {"prefix": "http://127.0.0.1:9", "folder": str(tmp_path)}]
    out = script(REQUESTS, sources=rules, interpreter=interpreter)
    assert out[:2] == ["200 b'A' 1", "BB 200"]
    assert out[2].startswith("404 Client Error: Runwright's source map: the rule http://dead.invalid/data -> ")
    assert out[3:] == ["/m/x None", "network"]
