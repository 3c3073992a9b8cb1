#include "env/lock_notes.h"

#include <gtest/gtest.h>

#include "env/installer.h"

namespace rw::env {
namespace {

TEST(LockNotes, ABuildNeedsTheLockAlone) {
  Recipe recipe;
  recipe.site_packages = true;
  recipe.provided = {"torch", "torchvision"};
  recipe.build_constraints = {"setuptools<70"};
  std::string lock = NotesOf(recipe).Text() + "chainer==7.8.1\n# by hand\nnumpy==1.23.5\n";
  LockNotes read = ReadLockNotes(lock);
  EXPECT_TRUE(read.site_packages);
  EXPECT_EQ(read.provided, recipe.provided);
  EXPECT_EQ(read.build_constraints, recipe.build_constraints);
  EXPECT_EQ(PackagesOf(lock), (std::vector<std::string>{"chainer==7.8.1", "numpy==1.23.5"}));
  EXPECT_EQ(NotesOf(Recipe()).Text(), "");
  EXPECT_FALSE(ReadLockNotes("six==1.0\n").site_packages);
}

}  // namespace
}  // namespace rw::env
