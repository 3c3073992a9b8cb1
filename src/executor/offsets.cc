#include "executor/offsets.h"

#include "base/log.h"
#include "executor/run_folder.h"
#include "json/value.h"

namespace rw::executor {

Offsets::Offsets(Context& context, std::string path) : context_(context), path_(std::move(path)) {
  auto text = os::ReadFile(context_.fs, path_);
  if (!text) return;
  auto value = json::Parse(*text);
  if (!value || !value->is_object()) return;
  for (const auto& [key, acked] : value->as_object())
    if (acked.is_int() && acked.as_int() >= 0) acked_[key] = static_cast<uint64_t>(acked.as_int());
}

uint64_t Offsets::Get(const std::string& key) const {
  auto at = acked_.find(key);
  return at == acked_.end() ? 0 : at->second;
}

void Offsets::Set(const std::string& key, uint64_t acked) {
  acked_[key] = acked;
  SaveLater();
}

void Offsets::SaveLater() {
  if (save_due_) return;
  save_due_ = true;
  context_.loop.After("offsets.save", std::chrono::seconds(1), lifetime_.Bind([this] {
    save_due_ = false;
    Save();
  }));
}

void Offsets::Save() {
  if (saving_) return SaveLater();
  saving_ = true;
  json::Value value = json::Object();
  for (const auto& [key, acked] : acked_) value.Set(key, acked);
  context_.pool.Run(
      "offsets.write",
      [&fs = context_.fs, path = path_, text = json::Write(value)] {
        Status saved = ReplaceFile(fs, path, text);
        if (!saved) LOG_WARN("offsets.not_saved", {"error", saved.error().message()});
      },
      lifetime_.Bind([this] { saving_ = false; }));
}

}  // namespace rw::executor
