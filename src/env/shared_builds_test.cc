#include "env/shared_builds.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "env/testing/fake_installer.h"
#include "net/asio_loop.h"

namespace rw::env {
namespace {

class OfTwoGpus final : public testing::FakeInstaller {
 public:
  using FakeInstaller::FakeInstaller;
  void Facts(FactsWanted wanted, Done<NodeFacts> done) override {
    (void)wanted;
    NodeFacts facts;
    facts.gpus = 2;
    done(facts);
  }
};

TEST(SharedBuilds, WhatProfilesAskIsAskedOfTheInstaller) {
  net::AsioLoop loop;
  auto pool = net::MakeThreadPool(loop, 1);
  auto shared =
      ShareBuilds(std::make_unique<OfTwoGpus>(loop), loop, *pool, SystemRandom(), "/nowhere");
  int gpus = 0;
  shared->Facts({}, [&](Result<NodeFacts> facts) { gpus = facts->gpus; });
  EXPECT_EQ(gpus, 2);
}

}  // namespace
}  // namespace rw::env
