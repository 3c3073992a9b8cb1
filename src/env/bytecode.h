// Byte code of builds, made beside them: a build never changes after it was published.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/loop.h"
#include "base/random.h"
#include "os/stream_process.h"

namespace rw::env {

/// <folder>/bytecode/<build_id>, given <folder>/builds/<build_id>: the `__pycache__` folders of the
/// build where it has its modules. Runs see it as a layer of their own overlay.
std::string BytecodeFolder(const std::string& build_folder);

/// One build after the other, by the build's own Python at low priority, published by a rename. On
/// the loop's thread; its end kills what runs.
class BytecodeMaker {
 public:
  BytecodeMaker(Loop& loop, WorkerPool& pool, Random& random);
  ~BytecodeMaker();

  /// Nothing to do where it is there. Failures are logged: a run then compiles for itself.
  void Make(const std::string& build_folder);

 private:
  struct Job;
  void Next();
  void Start(const std::shared_ptr<Job>& job);
  void Ended(const std::shared_ptr<Job>& job, bool compiled);

  Loop& loop_;
  WorkerPool& pool_;
  Random& random_;
  std::deque<std::string> waiting_;
  std::shared_ptr<Job> job_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rw::env
