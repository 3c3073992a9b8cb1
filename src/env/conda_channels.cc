#include "env/conda_channels.h"

#include "base/strings.h"

namespace rw::env {

json::Value CredentialsJson(const std::vector<Credential>& credentials) {
  json::Array out;
  for (const Credential& one : credentials)
    out.push_back(json::Value().Set("url", one.url).Set("text", one.text));
  return out;
}

void CondaChannels::Ask(const EnvironmentSpec& spec, const Progress& progress, const Done& done) {
  std::vector<std::string> channels = spec.channels;
  if (channels.empty()) channels = {"conda-forge"};
  std::string key = Join(channels, "\n");
  auto known = reach_.find(key);
  if (known != reach_.end() &&
      clock_.BootMicros() - known->second.at_us < options_.remember_ms * 1000)
    return done(known->second);
  if (std::string lack = driver_.Lack(); !lack.empty()) {
    Reach none;
    none.why = lack;
    return done(none);
  }
  progress.Step("asking conda channels");
  json::Value job;
  job.Set("channels", json::Array(channels.begin(), channels.end()));
  job.Set("timeout", static_cast<double>(options_.reach_ms) / 1000);
  driver_.Plain([=, this, gone = Gone()](const Result<CondaTool>& tool) {
    if (gone()) return;
    if (!tool) return Answered(key, tool.error(), progress, done);
    driver_.Run(*tool, "check", job, {}, [=, this](const Result<json::Value>& answer) {
      Answered(key, answer, progress, done);
    });
  });
}

void CondaChannels::Answered(const std::string& key, const Result<json::Value>& answer,
                             const Progress& progress, const Done& done) {
  Reach reach;
  reach.at_us = clock_.BootMicros();
  if (!answer) {
    reach.why =
        "whether its channels are there could not be found out: " + answer.error().message();
  } else {
    for (const json::Value& one : (*answer)["channels"].as_array()) {
      std::string url = one.StringOr("url");
      if (one.BoolOr("reached", false))
        reach.reached.push_back(url);
      else
        reach.missed.push_back(url + " (" + one.StringOr("why") + ")");
    }
    if (reach.reached.empty())
      reach.why = "no conda channel can be reached: " + Join(reach.missed, ", ");
  }
  if (!reach.why.empty()) {
    reach_[key] = reach;
    return done(reach);
  }
  driver_.Tool(progress, [=, this, gone = Gone()](const Result<CondaTool>& tool) mutable {
    if (gone()) return;
    if (tool)
      reach.tool = *tool;
    else
      reach.why = "no conda solver can be had: " + tool.error().message();
    reach_[key] = reach;
    done(reach);
  });
}

}  // namespace rw::env
