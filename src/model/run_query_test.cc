#include "model/run_query.h"

#include <gtest/gtest.h>

#include "model/run_params.h"

namespace rw::model {
namespace {

std::string Message(std::string_view filter) {
  auto parsed = ParseRunFilter(filter);
  return parsed ? "" : parsed.error().message();
}

TEST(RunQuery, ComparisonsOfEveryKind) {
  auto c = *ParseRunFilter(R"(metrics.val/acc >= 0.9)");
  EXPECT_EQ(c.kind, RunCondition::Kind::kCompare);
  EXPECT_EQ(c.field, (RunField{RunFieldKind::kMetricLast, "val/acc"}));
  EXPECT_EQ(c.op, CompareOp::kGreaterEqual);
  EXPECT_EQ(c.values[0].number, 0.9);
  c = *ParseRunFilter(R"(max(metrics."val acc")<-Infinity)");
  EXPECT_EQ(c.field, (RunField{RunFieldKind::kMetricMax, "val acc"}));
  c = *ParseRunFilter(R"(tags.team = "it\"s")");
  EXPECT_EQ(c.values[0].text, "it\"s");
  EXPECT_FALSE(c.values[0].number);
  c = *ParseRunFilter("params.lr");
  EXPECT_EQ(c.op, CompareOp::kExists);
  c = *ParseRunFilter("status in (Failed, 'Canceled')");
  EXPECT_EQ(c.op, CompareOp::kIn);
  EXPECT_EQ(c.values.size(), 2u);
  c = *ParseRunFilter("created > 2026-11-21");
  EXPECT_EQ(c.values[0].number, 1795219200e6);
  EXPECT_EQ(ParseRunFilter("created > \"2026-11-21T00:00:01Z\"")->values[0].number, 1795219201e6);
}

TEST(RunQuery, AndBindsTighterThanOr) {
  auto c = *ParseRunFilter("number = 1 or number = 2 and not (name ~ x or name ~ y)");
  ASSERT_EQ(c.kind, RunCondition::Kind::kOr);
  ASSERT_EQ(c.parts.size(), 2u);
  ASSERT_EQ(c.parts[1].kind, RunCondition::Kind::kAnd);
  EXPECT_EQ(c.parts[1].parts[1].kind, RunCondition::Kind::kNot);
  EXPECT_EQ(c.parts[1].parts[1].parts[0].parts.size(), 2u);
  EXPECT_TRUE(ParseRunFilter(" ")->parts.empty());
}

TEST(RunQuery, ErrorsNameThePlace) {
  EXPECT_EQ(Message("metrics.acc > > 1"), "filter: expected a value, not '>', at character 15");
  EXPECT_EQ(Message("metrics.acc > high"),
            "filter: expected a number, not 'high', at character 15");
  EXPECT_EQ(Message("tags.a = 'x"), "filter: the quote ' is not closed at character 10");
  EXPECT_EQ(Message("(number = 1"), "filter: expected ')', not the end, at character 12");
  EXPECT_EQ(Message("number = 1 number"),
            "filter: expected 'and', 'or' or the end, not 'number', at character 12");
  EXPECT_EQ(Message("a = 1"),
            "filter: expected metrics.NAME, params.NAME, tags.NAME, "
            "properties.NAME or one of id, name, number, status, experiment, "
            "type, target, parent, created, started, ended, duration, not 'a', "
            "at character 1");
}

TEST(RunQuery, HostileTextIsRefused) {
  EXPECT_NE(Message("number = 1 ; drop"), "");
  EXPECT_NE(Message(std::string(5000, '(')), "");
  std::string many = "number = 1";
  for (int i = 0; i < 100; i++) many += " or number = 1";
  EXPECT_NE(Message(many), "");
  EXPECT_NE(Message("max(tags.a) = 1"), "");
  EXPECT_NE(Message("metrics. acc = 1"), "");
}

TEST(RunQuery, Sorts) {
  EXPECT_EQ(*ParseRunSort(""), RunSort{});
  EXPECT_EQ(*ParseRunSort("-metrics.acc"), (RunSort{{RunFieldKind::kMetricLast, "acc"}, true}));
  EXPECT_EQ(*ParseRunSort("min(metrics.loss)"),
            (RunSort{{RunFieldKind::kMetricMin, "loss"}, false}));
  EXPECT_FALSE(ParseRunSort("metrics.a metrics.b"));
  EXPECT_FALSE(ParseRunSort("-"));
}

TEST(RunParams, OfArguments) {
  auto params = ParamsOfArguments({"in.csv", "--lr", "0.1", "--batch=32", "-v", "--bias", "-0.5",
                                   "-n", "3", "--lr", "0.2", "--", "--not", "this"});
  EXPECT_EQ(params,
            (std::map<std::string, std::string>{
                {"batch", "32"}, {"bias", "-0.5"}, {"lr", "0.2"}, {"n", "3"}, {"v", "true"}}));
  EXPECT_TRUE(ParamsOfArguments({"--big", std::string(2000, 'x')}).empty());
}

}  // namespace
}  // namespace rw::model
