// What uv paints on a terminal, as the lines that it would have written without one, and how far
// its downloads are.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "env/terminal_text.h"

namespace rw::env {

struct Download {
  std::string name;
  uint64_t done = 0;   // bytes
  uint64_t total = 0;  // bytes
  bool operator==(const Download&) const = default;
};

/// "475.2 MiB" or "475.2MiB", as uv writes it; 0 for anything else.
uint64_t ParseSize(std::string_view text);

class UvScreen {
 public:
  /// Lines for a log, whole ones. Of what is painted again and again only the first time counts:
  /// "Downloading tensorflow (475.2MiB)", "   Building chainer==7.8.1".
  std::string Read(std::string_view bytes);
  /// At this moment; empty where nothing is fetched.
  const std::vector<Download>& downloads() const { return downloads_; }

 private:
  void Painted(std::string_view text, std::string& out);
  void Written(const std::string& text, std::string& out);
  void Bars(std::string_view text, std::string& out);
  void Once(std::string_view text, std::string_view word, std::string_view lead, std::string& out);

  TerminalText text_;
  std::vector<Download> downloads_;
  std::set<std::string> told_;  // "Building six==1.0": told once
};

}  // namespace rw::env
