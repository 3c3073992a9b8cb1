#include "env/uv_screen.h"

#include <gtest/gtest.h>

namespace rw::env {
namespace {

// As uv 0.13 paints on a terminal of unknown size: lines filled with spaces, no line feeds.
const std::string kSpinner =
    "\x1b[37m\xE2\xA0\x99\x1b[0m \x1b[2mPreparing packages...\x1b[0m (0/3)          ";
const std::string kClear = "\x1b[1A\r\x1b[2K\x1b[1B\r\x1b[2K\x1b[1A";
const std::string kBuilding =
    "   \x1b[36m\x1b[1mBuilding\x1b[0m\x1b[39m rwsrc\x1b[2m==1.0\x1b[0m          ";

std::string Bar(const std::string& name, int full, const std::string& amounts) {
  size_t done = static_cast<size_t>(full);
  return std::string("\x1b[2m") + name + "\x1b[0m \x1b[32m" + std::string(done, '-') +
         "\x1b[30m\x1b[2m" + std::string(30 - done, '-') + "\x1b[0m\x1b[0m " + amounts;
}

TEST(UvScreen, OfBarsTheAmountsCountAndOneLineEach) {
  UvScreen screen;
  EXPECT_EQ(screen.Read("Resolved 3 packages in 3.02s\n" + kSpinner +
                        Bar("rwbig    ", 0, "     0 B/3.00 MiB  ") +
                        Bar("cpython-3.12 (download)", 9, "9.50 KiB/10.00 KiB ")),
            "Resolved 3 packages in 3.02s\n");
  EXPECT_EQ(screen.Read(kClear), "Downloading rwbig (3.00MiB)\n") << "told when it is whole";
  std::vector<Download> expected = {{"rwbig", 0, 3 << 20}, {"cpython-3.12", 9728, 10240}};
  EXPECT_EQ(screen.downloads(), expected);
  EXPECT_EQ(screen.Read(kSpinner + Bar("rwbig", 15, "1.50 MiB/3.00 MiB ") + kClear), "");
  expected = {{"rwbig", 3 << 19, 3 << 20}};
  EXPECT_EQ(screen.downloads(), expected);
  EXPECT_EQ(screen.Read(kSpinner + kClear + "Prepared 3 packages in 3s\n"),
            " Downloaded rwbig\nPrepared 3 packages in 3s\n");
  EXPECT_TRUE(screen.downloads().empty());
}

TEST(UvScreen, CodesMayBeCutAnywhere) {
  std::string all = kSpinner + Bar("rwbig", 3, "1.00 MiB/3.00 MiB ") + kClear +
                    "\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x07 done\r\nlast\n";
  std::string out;
  UvScreen screen;
  for (char c : all) out += screen.Read(std::string(1, c));
  EXPECT_EQ(out, "Downloading rwbig (3.00MiB)\nlink done\nlast\n");
}

TEST(UvScreen, ABuildIsToldOnceHoweverOftenItIsPainted) {
  UvScreen screen;
  std::string out;
  for (int i = 0; i < 3; i++) out += screen.Read(kBuilding + kSpinner + kClear);
  out += screen.Read("      \x1b[1mBuilt\x1b[0m rwsrc==1.0     " + kSpinner + "\r\x1b[2K");
  EXPECT_EQ(out, "   Building rwsrc==1.0\n      Built rwsrc==1.0\n");
}

TEST(UvScreen, WhatIsSaidBehindABarIsKept) {
  UvScreen screen;
  EXPECT_EQ(screen.Read(kSpinner + "warning: the index is slow\n"), "warning: the index is slow\n");
  EXPECT_EQ(screen.Read("\xE2\x96\x91\xE2\x96\x88 [1/3] six==1.0\n"), "");
  EXPECT_EQ(screen.Read("error: no\n\n  cause: \x1b[31mred\x1b[0m\n"),
            "error: no\n\n  cause: red\n");
}

TEST(UvScreen, CutAmountsAreNone) {
  UvScreen screen;
  EXPECT_EQ(screen.Read(kSpinner + Bar("rwbig", 3, "1.00 MiB/3.0") + kClear), "");
  EXPECT_TRUE(screen.downloads().empty());
  EXPECT_EQ(ParseSize("475.2MiB"), 498'283'315u);
  EXPECT_EQ(ParseSize("12 B"), 12u);
  EXPECT_EQ(ParseSize("12 Mi"), 0u);
  EXPECT_EQ(ParseSize("MiB"), 0u);
}

}  // namespace
}  // namespace rw::env
