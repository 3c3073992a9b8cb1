// Times appended to longer texts.
#pragma once

#include <cstdint>
#include <string>

namespace rw {

/// As FormatUtc of base/clock.h.
void AppendUtc(std::string& out, int64_t wall_micros);

}  // namespace rw
