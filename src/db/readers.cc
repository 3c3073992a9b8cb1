#include "db/readers.h"

#include <mutex>
#include <vector>

namespace rw::db {
namespace {

// A page of a list comes from anywhere in the tables. One connection remembers much of them, and is
// lent before any other; the others stay small.
constexpr const char* kLargeCache = "PRAGMA cache_size=-20000";

class ReaderPool final : public Readers {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  Result<Lease> Take() override {
    if (Connection* connection = TakeIdle()) return LeaseOf(connection);
    auto opened = TRY(Connection::Open(path_, {.read_only = true}));
    if (Claim(opened.get())) TRY(opened->Execute(kLargeCache));
    return LeaseOf(opened.release());
  }

 private:
  Lease LeaseOf(Connection* connection) {
    return Lease(connection, [this](Connection* returned) { GiveBack(returned); });
  }

  Connection* TakeIdle() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    Connection* connection = idle_.back().release();
    idle_.pop_back();
    return connection;
  }

  /// True for the connection that becomes the large one.
  bool Claim(Connection* connection) {
    std::lock_guard lock(mutex_);
    if (large_ == nullptr) large_ = connection;
    return large_ == connection;
  }

  void GiveBack(Connection* connection) {
    std::lock_guard lock(mutex_);
    idle_.emplace(connection == large_ ? idle_.end() : idle_.begin(), connection);
  }

  std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // lent from the back
  Connection* large_ = nullptr;
};

}  // namespace

std::unique_ptr<Readers> MakeReaders(std::string path) {
  return std::make_unique<ReaderPool>(std::move(path));
}

}  // namespace rw::db
