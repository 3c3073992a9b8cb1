// A core that is asked for environments, and what it answered.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/strings.h"
#include "server/testing/core_fixture.h"

namespace rw::server::testing {

class EnvironmentFixture : public CoreFixture {
 protected:
  struct Asked {
    std::string log;
    std::optional<Result<ReadyEnvironment>> answer;
  };
  static json::Value Pip(const std::string& requirements, const std::string& python = "") {
    json::Value out;
    json::Array lines;
    for (const std::string& line : Split(requirements, ' '))
      if (!line.empty()) lines.emplace_back(line);
    return out.Set("kind", "pip").Set("python", python).Set("requirements", std::move(lines));
  }
  std::shared_ptr<Asked> Ask(const json::Value& spec, const std::string& run = "r1") {
    auto asked = std::make_shared<Asked>();
    core->environments().Prepare(
        spec, RunId(run), [asked](std::string_view bytes) { asked->log.append(bytes); },
        [asked](Result<ReadyEnvironment> ready) {
          EXPECT_FALSE(asked->answer) << "exactly once";
          asked->answer.emplace(std::move(ready));
        });
    return asked;
  }
  Result<ReadyEnvironment> Get(const json::Value& spec) {
    auto asked = Ask(spec);
    loop.Advance(1'000'000);
    CHECK(asked->answer);
    return *asked->answer;
  }
};

}  // namespace rw::server::testing
