#include "env/bytecode.h"

#include <algorithm>

#include "base/log.h"
#include "env/build_folder.h"
#include "os/file_system.h"
#include "os/paths.h"

namespace rw::env {
namespace {

/// argv: build, folder of the result. What cannot be compiled (templates, code of other versions)
/// is left out. For Python 3.6 and later.
constexpr const char* kProgram = R"(
import importlib.util, os, py_compile, sys
os.nice(10)
build, out = sys.argv[1:3]
for parent, folders, files in os.walk(os.path.join(build, 'lib')):
    folders[:] = [name for name in folders if name != '__pycache__']
    target = os.path.join(out, os.path.relpath(parent, build), '__pycache__')
    for name in files:
        if not name.endswith('.py'):
            continue
        source = os.path.join(parent, name)
        cached = os.path.basename(importlib.util.cache_from_source(source))
        try:
            py_compile.compile(source, cfile=os.path.join(target, cached), doraise=True)
        except Exception as error:
            if isinstance(error, OSError):
                raise
)";

}  // namespace

struct BytecodeMaker::Job {
  std::string build;
  std::string part;
  std::shared_ptr<os::FileLock> lock;
  std::unique_ptr<os::StreamProcess> process;
  bool needed = false;
  std::string made() const { return part + "/bytecode"; }
};

std::string BytecodeFolder(const std::string& build_folder) {
  return os::DirName(os::DirName(build_folder)) + "/bytecode/" +
         std::string(os::BaseName(build_folder));
}

BytecodeMaker::BytecodeMaker(Loop& loop, WorkerPool& pool, Random& random)
    : loop_(loop), pool_(pool), random_(random) {}

BytecodeMaker::~BytecodeMaker() = default;

void BytecodeMaker::Make(const std::string& build_folder) {
  if (std::find(waiting_.begin(), waiting_.end(), build_folder) != waiting_.end()) return;
  waiting_.push_back(build_folder);
  Next();
}

void BytecodeMaker::Next() {
  if (job_ || waiting_.empty()) return;
  auto job = job_ = std::make_shared<Job>();
  job->build = std::move(waiting_.front());
  waiting_.pop_front();
  job->part = NewPart(os::DirName(BytecodeFolder(job->build)), random_);
  pool_.Run(
      "env.bytecode",
      [job] {
        os::FileSystem& fs = os::PosixFileSystem();
        if (os::Exists(fs, BytecodeFolder(job->build))) return;
        if (!os::Exists(fs, job->build + "/bin/python")) return;
        auto lock = HoldPart(job->part);
        job->needed = lock.has_value() && fs.MakeDirs(job->made()).has_value();
        if (lock) job->lock = std::make_shared<os::FileLock>(*std::move(lock));
      },
      [this, job, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.lock()) return;
        if (job->needed) return Start(job);
        job_.reset();
        Next();
      });
}

void BytecodeMaker::Start(const std::shared_ptr<Job>& job) {
  os::LaunchSpec spec;
  spec.argv = {job->build + "/bin/python", "-I", "-B", "-c", kProgram, job->build, job->made()};
  spec.working_dir = job->part;
  os::StreamProcess::Callbacks callbacks;
  callbacks.on_exit = [this, weak = std::weak_ptr<Job>(job)](Result<os::CommandResult> result) {
    if (auto strong = weak.lock()) Ended(strong, result && result->exit_code == 0);
  };
  job->process = os::StartStreamProcess(loop_, std::move(spec), std::move(callbacks));
}

void BytecodeMaker::Ended(const std::shared_ptr<Job>& job, bool compiled) {
  job->process.reset();
  pool_.Run(
      "env.bytecode_done",
      [job, compiled] {
        os::FileSystem& fs = os::PosixFileSystem();
        std::string published = BytecodeFolder(job->build);
        // Not made durable: a file cut short by a crash does not fit its source's size, and is made
        // anew by Python.
        bool moved = compiled && fs.Rename(job->made(), published);
        LOG_INFO("env.bytecode", {"build", job->build}, {"published", moved});
        (void)RemoveBuild(job->part);
      },
      [this, job, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.lock()) return;
        job_.reset();
        Next();
      });
}

}  // namespace rw::env
