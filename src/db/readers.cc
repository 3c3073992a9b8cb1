#include "db/readers.h"

#include <mutex>
#include <vector>

namespace rw::db {
namespace {

class ReaderPool final : public Readers {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  Result<Lease> Take() override {
    auto give_back = [this](Connection* connection) {
      std::lock_guard lock(mutex_);
      idle_.emplace_back(connection);
    };
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Connection* connection = idle_.back().release();
        idle_.pop_back();
        return Lease(connection, give_back);
      }
    }
    auto opened = TRY(Connection::Open(path_, {.read_only = true}));
    // A page of a list comes from anywhere in the tables.
    TRY(opened->Execute("PRAGMA cache_size=-8000"));
    return Lease(opened.release(), give_back);
  }

 private:
  std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace

std::unique_ptr<Readers> MakeReaders(std::string path) {
  return std::make_unique<ReaderPool>(std::move(path));
}

}  // namespace rw::db
