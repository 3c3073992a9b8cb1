#include "server/prometheus_text.h"

#include "json/value.h"

namespace rw::server {
namespace {

void AppendEscaped(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

}  // namespace

void PrometheusText::Family(std::string_view name, std::string_view type, std::string_view help) {
  for (std::string_view word : {std::string_view("HELP"), std::string_view("TYPE")}) {
    text_ += "# ";
    text_ += word;
    text_ += ' ';
    text_ += name;
    text_ += ' ';
    text_ += word == "HELP" ? help : type;
    text_ += '\n';
  }
}

void PrometheusText::Sample(std::string_view name, const Labels& labels, double value) {
  text_ += name;
  if (!labels.empty()) {
    char before = '{';
    for (const auto& [label, of] : labels) {
      text_ += before;
      text_ += label;
      text_ += "=\"";
      AppendEscaped(text_, of);
      text_ += '"';
      before = ',';
    }
    text_ += '}';
  }
  text_ += ' ';
  // Shortest text that reads back exactly.
  text_ += json::Write(json::Value(value));
  text_ += '\n';
}

}  // namespace rw::server
