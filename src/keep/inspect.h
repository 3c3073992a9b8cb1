// Is what the database names there, and whole?
#pragma once

#include <string>
#include <vector>

#include "os/file_system.h"

namespace rw::keep {

enum class Health { kGood, kNote, kWarning, kError };
std::string_view HealthName(Health health);  // "ok", "note", "warning", "error"

/// One thing that was looked at: what was found, and what to do where it is not good.
struct Finding {
  Health health = Health::kGood;
  std::string subject;  // "database", "blobs", …
  std::string text;
  std::string fix;
};

/// Database, blobs, logs and secrets of a data folder; its server may run. `deep` reads every blob,
/// log and metric segment. Damage is named by run and file, a finding each (20 of a kind at most).
Result<std::vector<Finding>> InspectData(os::FileSystem& fs, const std::string& data, bool deep);

}  // namespace rw::keep
