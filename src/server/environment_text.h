// Environments as rows, as answers to runs and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "env/installer.h"
#include "meta/environments.h"
#include "server/environment_gate.h"

namespace rw::server {

/// The folder of the interpreter goes on PATH, unless it is one of the system's, which are there
/// anyhow: the programs of a virtual environment, and a child's `python`, are then the run's own.
ReadyEnvironment OfInterpreter(const env::Interpreter& interpreter, const std::string& env_id,
                               const env::Effective& effective);
/// `row` is kReady.
ReadyEnvironment OfBuild(const meta::EnvLock& row, const env::Installer& installer);

/// The same on a node that keeps builds in `env_root`: it fetches them there. Nothing changes for
/// an interpreter and an image.
ReadyEnvironment OnNode(ReadyEnvironment environment, const std::string& env_root);

json::Value PythonJson(const env::PythonChoice& choice);
env::PythonChoice PythonOf(const json::Value& python);

/// An item of listBuilds; `state` is one of Resolving, Building, Ready, Failed.
/// When its lock was made; rows of older servers have that of the row.
int64_t LockedMicros(const meta::EnvLock& row);

json::Value BuildJson(const meta::EnvLock& row, std::string_view state);

/// What waits for a run's environment names members of the spec; the request has it as
/// "environment".
Error InRequest(const Error& error);

}  // namespace rw::server
