// What a lock says beside its packages: lines of "#: KEY VALUE" at its head, so that a build needs
// the lock alone. To everyone else they are comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/spec.h"

namespace rw::env {

struct LockNotes {
  bool site_packages = false;                  // "#: site-packages"
  std::vector<std::string> provided;           // "#: provided torch"
  std::vector<std::string> build_constraints;  // "#: build-constraint setuptools<70"
  /// Lines, each with its line break; empty where there is nothing to say.
  std::string Text() const;
};

LockNotes NotesOf(const Recipe& recipe);
LockNotes ReadLockNotes(std::string_view lock);

}  // namespace rw::env
