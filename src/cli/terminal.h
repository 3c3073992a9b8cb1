// Standard output: text, tables that fit the terminal, colours where a person looks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace rw::cli {

enum class Color { kNone, kDim, kRed, kGreen, kYellow, kBlue };

struct Column {
  std::string title;
  bool shrinks = false;  // may be cut to fit; ids are not, since they are copied
  bool right = false;
};

struct Cell {
  std::string text;
  Color color = Color::kNone;
  Cell(std::string t, Color c = Color::kNone) : text(std::move(t)), color(c) {}  // NOLINT
  Cell(const char* t) : text(t) {}                                               // NOLINT
};
using Row = std::vector<Cell>;

class Terminal {
 public:
  /// Of this process. Colours only on a terminal that has them, and never with NO_COLOR.
  static Terminal OfStdout(bool no_color);
  /// `width` 0: unlimited.
  Terminal(size_t width, bool color) : width_(width), color_(color) {}
  bool color() const { return color_; }

  std::string Paint(std::string_view text, Color color) const;
  /// "" where there are no rows but the titles.
  std::string Table(const std::vector<Column>& columns, const std::vector<Row>& rows) const;

 private:
  size_t width_;
  bool color_;
};

/// All of it to standard output; a reader that went away ends the program as SIGPIPE would.
void Print(std::string_view text);
void PrintError(std::string_view text);

/// "2026-11-21 12:00:05" in the user's zone; "" for null.
std::string LocalTime(const json::Value& utc);
/// "12.3 s", "4 m 05 s", "2 h 03 m"; from start to end (null: now).
std::string Duration(const json::Value& start, const json::Value& end);
Color StatusColor(std::string_view status);

}  // namespace rw::cli
