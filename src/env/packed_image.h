// A build as an image (docs/dev/formats/packed-build.md, "As an image").
#pragma once

#include <string>

#include "cas/pack_folder.h"

namespace rw::env {

/// The image's name in the folder that it belongs to.
inline constexpr const char* kImageName = ".runwright-image";

/// Packs `folder` into the file `part`/pack: what is the same on every node as an image, and the
/// rest beside it. `part` is a folder of the caller's, who removes it.
Result<cas::PackFacts> PackImage(const std::string& folder, const std::string& part,
                                 cas::PackOptions options);

}  // namespace rw::env
