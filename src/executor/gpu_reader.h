// GPUs through NVIDIA's management library, loaded at run time where the machine has one.
#pragma once

#include <memory>
#include <vector>

#include "executor/node.h"

namespace rw::executor {

class GpuReader {
 public:
  virtual ~GpuReader() = default;
  /// One entry a GPU, in the driver's order.
  virtual std::vector<GpuSample> Read() = 0;
};

/// Null where there is no driver, library or GPU.
std::unique_ptr<GpuReader> MakeGpuReader();

}  // namespace rw::executor
