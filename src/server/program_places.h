// Where the parts of an installation lie, seen from the program `runwright`.
#pragma once

#include <string>

namespace rw::server {

/// The folder that holds `azureml` and `runwright`: `python` beside the folder of the program, or
/// above it (a build folder in a checkout). "" where there is none.
std::string FindSdk(const std::string& program);
/// `profiles/` lies where the SDK's folder `python` does. "" without an SDK.
std::string FindProfiles(const std::string& sdk);
/// `runwright-shim` lies beside `runwright`, in a build folder a few folders away.
std::string FindShim(const std::string& program);

}  // namespace rw::server
