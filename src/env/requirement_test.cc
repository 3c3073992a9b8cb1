#include "env/requirement.h"

#include <gtest/gtest.h>

#include "env/secrets.h"

namespace rw::env {
namespace {

std::string Canonical(std::string_view line) {
  auto r = ParseRequirement(line, 0);
  if (!r) return "error: " + r.error().message();
  return *r ? (*r)->canonical : "(none)";
}

TEST(Requirement, OneSpelling) {
  const std::pair<const char*, const char*> kCases[] = {
      {"six", "six"},
      {"  Scikit_Learn == 0.24.2  # pinned", "scikit-learn==0.24.2"},
      {"a-._b", "a-b"},
      {"requests [ Socks , security,socks ] >= 2.8.1 , == 2.8.*",
       "requests[security,socks]>=2.8.1,==2.8.*"},
      {"foo (>=1, <2)", "foo>=1,<2"},
      {"foo ~= 1.1;python_version<'3.8' and  ( sys_platform=='win32' )",
       "foo~=1.1;python_version<\"3.8\" and (sys_platform==\"win32\")"},
      {"foo; platform_machine not in 'arm \"x\"'", "foo;platform_machine not in 'arm \"x\"'"},
      {"foo===1.0+local", "foo===1.0+local"},
      {"Foo[x] @ https://h/f-1.whl#sha256=ab ; python_version>'3'",
       "foo[x]@https://h/f-1.whl#sha256=ab ;python_version>\"3\""},
      {"git+https://h/r.git@main#egg=r", "git+https://h/r.git@main#egg=r"},
      {"/wheels/six-1.0-py3-none-any.whl", "/wheels/six-1.0-py3-none-any.whl"},
      {"-e   /src/tool", "-e /src/tool"},
      {"--editable=git+https://h/r.git#egg=r  # comment", "-e git+https://h/r.git#egg=r"},
      {"", "(none)"},
      {"   # a comment", "(none)"},
  };
  for (auto [line, expected] : kCases) EXPECT_EQ(Canonical(line), expected) << line;
}

TEST(Requirement, PartsOfTheWhole) {
  auto r = ParseRequirement("Foo[b,a] >= 1 ; python_version<'3.8'", 0);
  ASSERT_TRUE(r && *r);
  EXPECT_EQ((*r)->extras, "[a,b]");
  EXPECT_EQ((*r)->specifiers, ">=1");
  EXPECT_EQ((*r)->marker, "python_version<\"3.8\"");
  auto constraint = ParseRequirement("six=1", 3, "constraints");
  ASSERT_FALSE(constraint);
  EXPECT_EQ(constraint.error().field(), "constraints[3]");
}

TEST(Requirement, HostileAndBrokenTextIsRefusedByName) {
  const char* kCases[] = {"--index-url https://evil/simple",
                          "-r other.txt",
                          "-e .",
                          "six --hash=sha256:00",
                          "six\n--index-url x",
                          "six\rfoo",
                          "six=1.0",
                          "six=>1",
                          "six>=",
                          "six 1.0",
                          "six[",
                          "six[a b]",
                          "six (>=1",
                          "six; python_version<'3",
                          "six;",
                          "six; $(rm)",
                          "./local",
                          "../x.whl",
                          "x-1.0.whl",
                          "six @ ./x",
                          "ext::sh -c x",
                          "git+ext://x",
                          "six @ javascript:x",
                          "_six",
                          "six-",
                          "[x]"};
  for (const char* line : kCases) {
    auto r = ParseRequirement(line, 2);
    ASSERT_FALSE(r) << line;
    EXPECT_EQ(r.error().code(), Code::kInvalidArgument) << line;
    EXPECT_EQ(r.error().field(), "requirements[2]") << line;
    EXPECT_EQ(r.error().message().rfind("requirements[2]", 0), 0u) << r.error().message();
  }
  EXPECT_NE(Canonical("six=1.0").find("use '=='"), std::string::npos);
  EXPECT_NE(Canonical("--extra-index-url https://h/s").find("use index_url"), std::string::npos);
}

TEST(Requirement, PasswordsAreMaskedInErrors) {
  std::string message = Canonical("--index-url https://user:hunter2@host/simple");
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  EXPECT_NE(message.find("https://****@host/simple"), std::string::npos) << message;
}

TEST(Requirement, AnsweredBySdk) {
  EXPECT_TRUE(AnsweredBySdk(CanonicalName("azureml_defaults")));
  EXPECT_TRUE(AnsweredBySdk("azureml-sdk"));
  EXPECT_TRUE(AnsweredBySdk("runwright"));
  EXPECT_FALSE(AnsweredBySdk("azure-storage-blob"));
}

TEST(Secrets, MaskAndRestore) {
  std::string url = "see https://u:p%40w@h.io:8/simple/ and git+ssh://git@github.com/x";
  std::string masked = MaskUserInfo(url);
  EXPECT_EQ(masked, "see https://****@h.io:8/simple/ and git+ssh://git@github.com/x");
  Secrets secrets;
  secrets.Learn(url);
  EXPECT_EQ(secrets.Restore(masked), url);
  EXPECT_EQ(Secrets().Restore(masked), masked);
}

}  // namespace
}  // namespace rw::env
