// The VM sizes that a compute target may name. They are labels: what a node of that size had.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw::model {

struct VmSize {
  std::string_view name;  // "STANDARD_NC6"
  int vcpus;
  double memory_gib;
  int gpus = 0;
  std::string_view gpu_model = "";  // "K80"; empty without GPUs
};

/// Sorted by name.
std::span<const VmSize> AllVmSizes();

/// Without case; "Standard_" may be left out. kInvalidArgument, field vm_size, names near matches.
Result<VmSize> FindVmSize(std::string_view name);

/// "STANDARD_NC6 has 1 GPU (K80), this machine has none; the run uses CPU"; empty when the size has
/// none or the machine has enough.
std::string MissingGpuWarning(const VmSize& size, int gpus_here);

}  // namespace rw::model
