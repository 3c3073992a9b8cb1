// The one writer: every change of metadata is an operation on it. Operations run in order, each in
// a SAVEPOINT (an error undoes that operation alone), many in one COMMIT; `done` comes after the
// COMMIT, so an answer sent from `done` is durable.
#pragma once

#include <functional>
#include <memory>

#include "base/loop.h"
#include "db/connection.h"

namespace rw::db {

class Writer {
 public:
  using Operation = std::function<Status(Connection&)>;
  using Done = std::function<void(Status)>;
  virtual ~Writer() = default;
  /// From the loop's thread; `done` on the loop's thread, in order. On kNoSpace the operation left
  /// nothing behind. Any other failure of COMMIT or fsync ends the process: what was promised can
  /// no longer be known.
  virtual void Submit(std::string_view name, Operation operation, Done done) = 0;
};

/// Own thread; a batch is whatever waits when the last COMMIT ended.
std::unique_ptr<Writer> MakeThreadWriter(Loop& loop, std::unique_ptr<Connection> connection);

/// No thread: a batch is committed `delay` after its first operation, on the loop (simulator,
/// tests).
std::unique_ptr<Writer> MakeLoopWriter(Loop& loop, Connection& connection,
                                       std::chrono::microseconds delay);

}  // namespace rw::db
