#include "executor/gpu_reader.h"

#include <dlfcn.h>
#include <unistd.h>

#include "base/log.h"

namespace rw::executor {
namespace {

// The library's stable C interface (nvml.h), as far as it is used here.
using Device = void*;
struct Utilization {
  unsigned gpu;
  unsigned memory;
};
struct Memory {
  unsigned long long total;  // NOLINT(google-runtime-int): as in nvml.h
  unsigned long long free;   // NOLINT(google-runtime-int)
  unsigned long long used;   // NOLINT(google-runtime-int)
};

class NvmlReader final : public GpuReader {
 public:
  ~NvmlReader() override {
    if (shutdown_ != nullptr) shutdown_();
    if (library_ != nullptr) dlclose(library_);
  }

  bool Open() {
    library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) return false;
    auto init = Symbol<int (*)()>("nvmlInit_v2");
    auto count = Symbol<int (*)(unsigned*)>("nvmlDeviceGetCount_v2");
    auto device = Symbol<int (*)(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
    utilization_ = Symbol<int (*)(Device, Utilization*)>("nvmlDeviceGetUtilizationRates");
    memory_ = Symbol<int (*)(Device, Memory*)>("nvmlDeviceGetMemoryInfo");
    if (init == nullptr || count == nullptr || device == nullptr || init() != 0) return false;
    shutdown_ = Symbol<int (*)()>("nvmlShutdown");
    unsigned devices = 0;
    if (count(&devices) != 0) return false;
    for (unsigned i = 0; i < devices; i++) {
      Device one = nullptr;
      if (device(i, &one) == 0) devices_.push_back(one);
    }
    return !devices_.empty();
  }

  std::vector<GpuSample> Read() override {
    std::vector<GpuSample> out;
    for (Device device : devices_) {
      Utilization used{};
      Memory memory{};
      GpuSample sample;
      if (utilization_ != nullptr && utilization_(device, &used) == 0)
        sample.utilization_percent = used.gpu;
      if (memory_ != nullptr && memory_(device, &memory) == 0)
        sample.memory_bytes = static_cast<int64_t>(memory.used);
      out.push_back(sample);
    }
    return out;
  }

 private:
  template <class F>
  F Symbol(const char* name) {
    return reinterpret_cast<F>(dlsym(library_, name));
  }

  void* library_ = nullptr;
  int (*shutdown_)() = nullptr;
  int (*utilization_)(Device, Utilization*) = nullptr;
  int (*memory_)(Device, Memory*) = nullptr;
  std::vector<Device> devices_;
};

/// Opened with the first sample, on a worker: the driver takes a while.
class LazyReader final : public GpuReader {
 public:
  std::vector<GpuSample> Read() override {
    if (!tried_) {
      tried_ = true;
      auto reader = std::make_unique<NvmlReader>();
      if (reader->Open()) reader_ = std::move(reader);
    }
    return reader_ ? reader_->Read() : std::vector<GpuSample>();
  }

 private:
  bool tried_ = false;
  std::unique_ptr<NvmlReader> reader_;
};
}  // namespace

std::unique_ptr<GpuReader> MakeGpuReader() {
  if (access("/dev/nvidiactl", F_OK) != 0) return nullptr;
  return std::make_unique<LazyReader>();
}

}  // namespace rw::executor
