"""Requirements files."""

import os
import re

from azureml._sdk.exceptions import UserErrorException


def read_requirements(path):
    """Lines of a requirements file without comments. ``-r`` files are followed; files and folders that options name
    are absolute, as they are meant from the file's own folder. Hashes are left out: what is installed is locked."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("\\\n", " ")
    except OSError as error:
        raise UserErrorException("The requirements file %s cannot be read: %s" % (path, error.strerror))
    folder, out = os.path.dirname(os.path.abspath(path)), []
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw)
        line = re.sub(r"\s--hash[=\s]\S+", "", line).strip()
        nested = re.match(r"(?:-r|--requirement)[\s=]+(.+)$", line)
        if nested:
            out.extend(read_requirements(os.path.join(folder, nested.group(1))))
        elif line:
            out.append(_absolute(line, folder))
    return out


def _absolute(line, folder):
    match = re.match(r"(-c|--constraint|-e|--editable|-f|--find-links)([\s=]+)(.+)$", line)
    if not match or "://" in match.group(3):
        return line
    return match.group(1) + " " + os.path.join(folder, match.group(3).strip("\"'"))
