// Builds whose files may not have reached the disk yet. What can be made again is not waited for:
// while a note lies beside a build, a crash of the machine puts the build out of use.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace rw::env {

/// Blocking; from a worker thread. The note itself is durable when this returns: before the first
/// file of the build is made. `making`: this making of it, unlike any other.
Status NoteUnsynced(const std::string& build_folder, const std::string& making);

/// The same without a wait, for what is renamed to its place afterwards: file systems keep the
/// order of names, so the note is on the disk first, if perhaps without its text.
Status NoteUnsyncedInOrder(const std::string& build_folder, const std::string& making);

/// Blocking, as long as the disk is busy. Afterwards the build, if it is there, is durable, and the
/// note is gone, unless somebody began the build anew meanwhile. After an error the note stays.
/// Nothing where there is no note.
Status SyncBuild(const std::string& build_folder);

/// The machine went down since the note was written. A stat where there is no note.
bool MayBeTorn(const std::string& build_folder);

/// Builds with a note of this life of the machine.
std::vector<std::string> UnsyncedBuilds(const std::string& builds_folder);

}  // namespace rw::env
