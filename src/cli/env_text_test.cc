// Locks read, environments compared and exported: functions of values.
#include <gtest/gtest.h>

#include "cli/env_diff.h"
#include "cli/env_export.h"
#include "cli/env_lock.h"

namespace rw::cli {
namespace {

EnvSubject Subject(const std::string& lock) {
  EnvSubject out;
  out.kind = "environment";
  out.name = "mine";
  out.title = "mine:1";
  out.spec.Set("kind", "pip");
  out.python = "3.11.7";
  out.lock = lock;
  return out;
}

TEST(EnvLockText, EveryKindOfLine) {
  auto read = ReadLock(
      "# a comment\nsix==1.16.0 ; python_version < \"3\"\nfoo @ https://h/foo.whl\n"
      "bar[x]==2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
      "numpy=1.26.4=py311_0 https://c/linux-64/numpy.conda#sha256=cc\n");
  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(read[0].version, "1.16.0");
  EXPECT_EQ(read[1].version, "@ https://h/foo.whl");
  EXPECT_EQ(read[2].name, "bar");
  EXPECT_EQ(read[2].version, "2");
  EXPECT_EQ(read[2].hashes, (std::vector<std::string>{"sha256:aa", "sha256:bb"}));
  EXPECT_TRUE(read[3].conda);
  EXPECT_EQ(read[3].version + " " + read[3].build, "1.26.4 py311_0");
  EXPECT_EQ(read[3].url, "https://c/linux-64/numpy.conda#sha256=cc");
}

TEST(EnvLockText, PasswordsAreTakenOut) {
  EXPECT_EQ(WithoutPasswords("a https://me:pw@h/x b http://t@h2?q=@ git+ssh://git@h3/y"),
            "a https://h/x b http://h2?q=@ git+ssh://git@h3/y");
  EXPECT_EQ(WithoutPasswords("no url: a@b"), "no url: a@b");
}

TEST(EnvDiff, WhatChangedIsNamed) {
  EnvSubject a = Subject("keep==1\ngone==1\nmoved==1.0\n");
  EnvSubject b = Subject("keep==1\nmoved==1.1\nnew==3\n");
  b.python = "3.12.1";
  b.variables.Set("MODE", "fast");
  b.spec.Set("framework", json::Value().Set("name", "pytorch"));
  json::Value diff = DiffEnvironments(a, b);
  EXPECT_FALSE(diff.BoolOr("same", true));
  EXPECT_EQ(
      json::Write(diff["packages"]),
      R"({"added":[{"name":"new","version":"3"}],"changed":[{"from":"1.0","name":"moved","to":"1.1"}],)"
      R"("removed":[{"name":"gone","version":"1"}]})");
  std::string text = DiffText(diff, Terminal(0, false));
  for (const char* line : {"~ python 3.11.7 → 3.12.1\n", "+ new 3\n", "- gone 1\n",
                           "~ moved 1.0 → 1.1\n", "+ $MODE=fast\n", "~ framework: - → "})
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
  EXPECT_TRUE(DiffEnvironments(a, a).BoolOr("same", false));
}

TEST(EnvDiff, WithoutALockWhatWasAskedForCounts) {
  EnvSubject a = Subject(""), b = Subject("");
  a.lock.reset();
  a.spec.Set("requirements", json::Array{"pandas>=1"});
  b.spec.Set("requirements", json::Array{"pandas>=2"});
  json::Value diff = DiffEnvironments(a, b);
  EXPECT_EQ(diff.StringOr("compared"), "requirements");
  EXPECT_EQ(diff["packages"]["changed"].as_array().size(), 1u);
}

TEST(EnvExport, EachFormat) {
  EnvSubject subject = Subject("six==1.16.0\n    --hash=sha256:aa\n");
  subject.spec.Set("index_url", "https://me:pw@host/simple");
  subject.variables.Set("A", "it's $5");
  std::string text = *ExportEnvironment(subject, "requirements");
  EXPECT_NE(text.find("--index-url https://host/simple\nsix==1.16.0 --hash=sha256:aa\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(*ExportEnvironment(subject, "conda"),
            "# mine:1, exported by runwright\n# Python 3.11.7\nname: \"mine\"\nchannels:\n"
            "- \"conda-forge\"\ndependencies:\n- python=3.11.7\n- pip\n- pip:\n"
            "  - \"--index-url https://host/simple\"\n  - \"six==1.16.0 --hash=sha256:aa\"\n"
            "variables:\n  \"A\": \"it's $5\"\n");
  text = *ExportEnvironment(subject, "containerfile");
  EXPECT_NE(text.find("FROM docker.io/library/python:3.11-slim\nENV A=\"it's \\$5\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("'six==1.16.0 --hash=sha256:aa' \\\n    > /tmp/requirements.txt"),
            std::string::npos)
      << text;
}

TEST(EnvExport, CondaPackagesAndWhatCannotBeWritten) {
  EnvSubject subject = Subject("numpy=1.26=py_0 https://c/n.conda#sha256=cc\nsix==1.16.0\n");
  EXPECT_EQ(ExportEnvironment(subject, "requirements").error().code(), Code::kUnsupported);
  std::string text = *ExportEnvironment(subject, "conda");
  EXPECT_NE(text.find("- \"numpy=1.26=py_0\"\n"), std::string::npos) << text;
  text = *ExportEnvironment(subject, "containerfile");
  EXPECT_NE(text.find("'https://c/n.conda#sha256=cc'"), std::string::npos) << text;
  subject.lock.reset();
  EXPECT_EQ(ExportEnvironment(subject, "conda").error().code(), Code::kFailedPrecondition);
  subject.spec = json::Value().Set("kind", "interpreter");
  EXPECT_EQ(ExportEnvironment(subject, "conda").error().code(), Code::kFailedPrecondition);
  subject.spec.Set("image", json::Value().Set("name", "repo/i:1"));
  EXPECT_NE(ExportEnvironment(subject, "containerfile")->find("FROM repo/i:1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace rw::cli
