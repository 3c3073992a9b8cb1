// runwright completion bash|zsh|fish: words from the tree of commands itself.
#include "base/strings.h"
#include "cli/commands.h"

namespace rw::cli {
namespace {

struct Level {
  std::string path;  // "runs list"
  std::vector<std::string> words;
  std::vector<std::string> children;
  std::vector<std::string> options;
};

void Flatten(const CommandTree& tree, const std::string& path, std::vector<Level>& out) {
  Level level{path, {}, {}, tree.options};
  for (const CommandTree& child : tree.children) level.children.push_back(child.name);
  level.words = level.children;
  level.words.insert(level.words.end(), tree.options.begin(), tree.options.end());
  out.push_back(level);
  for (const CommandTree& child : tree.children)
    Flatten(child, path.empty() ? child.name : path + " " + child.name, out);
}

/// Shared by bash and zsh (which loads bashcompinit).
std::string Bash(const std::vector<Level>& levels) {
  std::string out =
      "_runwright() {\n"
      "  local path= word i cur=${COMP_WORDS[COMP_CWORD]} words\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    case \"$path|$word\" in\n";
  for (const Level& level : levels)
    for (const std::string& child : level.children)
      out += "      \"" + level.path + "|" + child + "\") path=\"" +
             (level.path.empty() ? child : level.path + " " + child) + "\";;\n";
  out += "    esac\n  done\n  case \"$path\" in\n";
  for (const Level& level : levels)
    out += "    \"" + level.path + "\") words=\"" + Join(level.words, " ") + "\";;\n";
  return out +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "complete -o default -F _runwright runwright\n";
}

std::string Fish(const std::vector<Level>& levels) {
  std::string out = "complete -c runwright -e\n";
  for (const Level& level : levels) {
    std::string seen, first;
    for (const std::string& part : Split(level.path, ' ')) {
      if (part.empty()) continue;
      seen.append(seen.empty() ? "" : "; and ").append("__fish_seen_subcommand_from ").append(part);
    }
    std::string none = level.children.empty()
                           ? ""
                           : "not __fish_seen_subcommand_from " + Join(level.children, " ");
    std::string when = seen + (seen.empty() || none.empty() ? "" : "; and ") + none;
    std::string prefix = "complete -c runwright" + (when.empty() ? "" : " -n '" + when + "'");
    if (!level.children.empty()) out += prefix + " -f -a '" + Join(level.children, " ") + "'\n";
    for (const std::string& option : level.options)
      out.append(prefix).append(" -l ").append(option.substr(2)).append("\n");
  }
  return out;
}
}  // namespace

Result<int> Completion(const CompletionOptions& options) {
  std::vector<Level> levels;
  Flatten(AllCommands(), "", levels);
  if (options.shell == "fish") {
    Print(Fish(levels));
  } else if (options.shell == "zsh") {
    Print("#compdef runwright\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(levels));
  } else {
    Print(Bash(levels));
  }
  return 0;
}

}  // namespace rw::cli
