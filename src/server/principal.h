// Who asks.
#pragma once

#include <string>

namespace rw::server {

struct Principal {
  enum class Kind {
    kNone,   // no valid token; only public routes see it
    kOwner,  // the owner's token, or a browser session made with it
    kRun,    // an executor, for one run and its descendants
  };
  Kind kind = Kind::kNone;
  std::string run_id;         // kRun
  std::string workspace_id;   // kRun
  std::string allocation_id;  // kRun

  bool is_owner() const { return kind == Kind::kOwner; }
};

}  // namespace rw::server
