// What the end of a log says about why a Python script failed. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw::executor {

struct Traceback {
  std::string type;     // "ValueError", "torch.cuda.OutOfMemoryError"
  std::string message;  // may have several lines
  std::string
      file;  // of the innermost frame below the working folder (relative), else of the innermost
  int line = 0;
  std::string text;     // the traceback as it stands in the log
  bool at_end = false;  // nothing but blank lines follows its first line of message
};

/// The last complete traceback of `log`: of chained exceptions the outermost, a SyntaxError of the
/// main script too (it has no "Traceback" line).
std::optional<Traceback> LastTraceback(std::string_view log, const std::string& working_folder);

/// The last `most` lines, of progress bars what was left standing (behind the last CR). Valid
/// UTF-8.
std::vector<std::string> LastLines(std::string_view log, size_t most);

}  // namespace rw::executor
