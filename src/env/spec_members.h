// The members of a spec that are objects of their own: credentials, framework, image, conda's.
#pragma once

#include "base/result.h"
#include "env/spec.h"
#include "json/value.h"

namespace rw::env {

Result<std::vector<CredentialRef>> ReadCredentials(const json::Value& value);
Result<Framework> ReadFramework(const json::Value& value);
Result<Image> ReadImage(const json::Value& value);
Result<EnvironmentSpec::Resolver> ReadResolver(const json::Value& value);
/// conda_packages and channels; a plain `python=3.8` among the packages becomes spec.python.
Status ReadConda(const json::Value& value, EnvironmentSpec& spec);

}  // namespace rw::env
