// Private to the segments of metrics: the first version of their bytes.
//
// u8 version (1), u8 size + boot id, then the points: u8 flags (1: has step, 2: JSON value),
// i64 wall_us, i64 boot_us, i64 step where flagged, then f64 bit for bit or u32 size + JSON text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::meta {

/// The same points in the present version. kCorrupt where it is cut short.
Result<std::string> FromVersion1(std::string_view bytes);

}  // namespace rw::meta
