// Programs of the machine that environments are made with: uv, micromamba, podman, Pythons.
#pragma once

#include <string>

#include "env/variables.h"

namespace rw::env {

/// An executable file.
bool IsProgram(const std::string& path);

/// The first program of that name in `first` (a folder; may be empty) and the absolute folders of
/// PATH; "" where there is none.
std::string FindProgram(const Variables& variables, const std::string& first,
                        const std::string& name);

}  // namespace rw::env
