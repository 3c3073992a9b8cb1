#include "model/vm_sizes.h"

#include <vector>

#include "base/strings.h"

namespace rw::model {
namespace {

constexpr VmSize kSizes[] = {
    {"STANDARD_A1", 1, 1.75},
    {"STANDARD_A2", 2, 3.5},
    {"STANDARD_D11_V2", 2, 14},
    {"STANDARD_D12_V2", 4, 28},
    {"STANDARD_D13_V2", 8, 56},
    {"STANDARD_D14_V2", 16, 112},
    {"STANDARD_D16_V3", 16, 64},
    {"STANDARD_D1_V2", 1, 3.5},
    {"STANDARD_D2_V2", 2, 7},
    {"STANDARD_D2_V3", 2, 8},
    {"STANDARD_D3_V2", 4, 14},
    {"STANDARD_D4_V2", 8, 28},
    {"STANDARD_D4_V3", 4, 16},
    {"STANDARD_D5_V2", 16, 56},
    {"STANDARD_D8_V3", 8, 32},
    {"STANDARD_DS11_V2", 2, 14},
    {"STANDARD_DS12_V2", 4, 28},
    {"STANDARD_DS13_V2", 8, 56},
    {"STANDARD_DS14_V2", 16, 112},
    {"STANDARD_DS1_V2", 1, 3.5},
    {"STANDARD_DS2_V2", 2, 7},
    {"STANDARD_DS3_V2", 4, 14},
    {"STANDARD_DS4_V2", 8, 28},
    {"STANDARD_DS5_V2", 16, 56},
    {"STANDARD_E2S_V3", 2, 16},
    {"STANDARD_E4S_V3", 4, 32},
    {"STANDARD_F16S_V2", 16, 32},
    {"STANDARD_F2S_V2", 2, 4},
    {"STANDARD_F4S_V2", 4, 8},
    {"STANDARD_F8S_V2", 8, 16},
    {"STANDARD_NC12", 12, 112, 2, "K80"},
    {"STANDARD_NC12S_V2", 12, 224, 2, "P100"},
    {"STANDARD_NC12S_V3", 12, 224, 2, "V100"},
    {"STANDARD_NC24", 24, 224, 4, "K80"},
    {"STANDARD_NC24R", 24, 224, 4, "K80"},
    {"STANDARD_NC24S_V2", 24, 448, 4, "P100"},
    {"STANDARD_NC24S_V3", 24, 448, 4, "V100"},
    {"STANDARD_NC4AS_T4_V3", 4, 28, 1, "T4"},
    {"STANDARD_NC6", 6, 56, 1, "K80"},
    {"STANDARD_NC6S_V2", 6, 112, 1, "P100"},
    {"STANDARD_NC6S_V3", 6, 112, 1, "V100"},
    {"STANDARD_ND12S", 12, 224, 2, "P40"},
    {"STANDARD_ND24S", 24, 448, 4, "P40"},
    {"STANDARD_ND40RS_V2", 40, 672, 8, "V100"},
    {"STANDARD_ND6S", 6, 112, 1, "P40"},
    {"STANDARD_ND96ASR_V4", 96, 900, 8, "A100"},
    {"STANDARD_NV12", 12, 112, 2, "M60"},
    {"STANDARD_NV24", 24, 224, 4, "M60"},
    {"STANDARD_NV6", 6, 56, 1, "M60"},
};

constexpr std::string_view kPrefix = "standard_";

std::string Key(std::string_view name) {
  std::string lower = Lower(Trim(name));
  return lower.starts_with(kPrefix) ? lower : std::string(kPrefix) + lower;
}

}  // namespace

std::span<const VmSize> AllVmSizes() { return kSizes; }

Result<VmSize> FindVmSize(std::string_view name) {
  std::string key = Key(name);
  std::vector<std::string> known;
  for (const VmSize& size : kSizes) {
    if (Lower(size.name) == key) return size;
    known.emplace_back(size.name);
  }
  return Error(Code::kInvalidArgument,
               "VM size '" + std::string(name) + "' is not known. Did you mean " +
                   Join(NearMatches(key, known), ", ") + "? `GET /api/v1/vm-sizes` lists all.",
               "vm_size");
}

std::string MissingGpuWarning(const VmSize& size, int gpus_here) {
  if (size.gpus <= gpus_here) return "";
  std::string has = std::to_string(size.gpus) + (size.gpus == 1 ? " GPU (" : " GPUs (");
  std::string here = gpus_here == 0 ? "none; the run uses CPU" : std::to_string(gpus_here);
  return std::string(size.name) + " has " + has + std::string(size.gpu_model) +
         "), this machine has " + here;
}

}  // namespace rw::model
