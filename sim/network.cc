#include "sim/network.h"

#include <vector>

namespace rw::sim {
namespace {

/// Collects a streamed answer as if it had no end: the simulator's clients do not follow streams.
class NullSink final : public net::StreamSink {
 public:
  bool Write(std::string) override { return false; }
  void Close() override {}
  void OnClosed(std::function<void()>) override {}
};

class Answer final : public net::Responder {
 public:
  explicit Answer(std::function<void(net::Response)> send) : send_(std::move(send)) {}
  void Send(net::Response response) override {
    if (send_) std::exchange(send_, nullptr)(std::move(response));
  }
  std::shared_ptr<net::StreamSink> Stream(net::Response head) override {
    Send(std::move(head));
    return std::make_shared<NullSink>();
  }

 private:
  std::function<void(net::Response)> send_;
};

}  // namespace

/// One client's way to the port. Events in flight keep it alive after its process is gone.
class Way : public std::enable_shared_from_this<Way> {
 public:
  using Callback = net::Transport::Callback;
  Way(Network& network, ProcessLoop& loop, ServerPort& port, std::shared_ptr<Line> line)
      : network_(network), life_(loop.life()), port_(port), line_(std::move(line)) {}

  void Send(net::Request request, std::chrono::milliseconds timeout, Callback callback) {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->callback = std::move(callback);
    World& world = network_.world_;
    world.At(world.now() + timeout.count() * 1000, "net:timeout", [way = shared_from_this(), call] {
      way->Finish(call, Error(Code::kUnavailable, "no answer in time"));
    });
    SeededRandom& random = world.random;
    if (IsCut()) return;
    if (random.Chance(network_.faults_.drop_request)) return world.coverage.Hit("net:request-lost");
    Deliver(call);
    if (!random.Chance(network_.faults_.duplicate)) return;
    world.coverage.Hit("net:request-twice");
    Deliver(call);
  }

 private:
  struct Call {
    net::Request request;
    Callback callback;
  };

  bool IsCut() const { return network_.cut_ || line_->cut; }

  void Deliver(const std::shared_ptr<Call>& call) {
    World& world = network_.world_;
    world.At(world.now() + network_.Delay(*line_), "net:deliver", [way = shared_from_this(), call] {
      if (!way->IsCut()) way->Arrive(call);
    });
  }

  void Arrive(const std::shared_ptr<Call>& call) {
    if (!port_.alive || !*port_.alive) {
      Finish(call, Error(Code::kUnavailable, "connection refused"));
      return;
    }
    // What a server still says in the turn in which it dies reaches nobody.
    port_.handler(call->request, std::make_shared<Answer>([way = shared_from_this(), call,
                                                           alive = port_.alive](net::Response r) {
                    if (*alive) way->Return(call, std::move(r));
                  }));
  }

  void Return(const std::shared_ptr<Call>& call, net::Response response) {
    World& world = network_.world_;
    if (IsCut()) return;
    if (world.random.Chance(network_.faults_.drop_answer))
      return world.coverage.Hit("net:answer-lost");
    world.At(world.now() + network_.Delay(*line_), "net:answer",
             [way = shared_from_this(), call, response = std::move(response)] {
               if (!*way->life_ || !call->callback) return;
               if (way->network_.on_answer) way->network_.on_answer(call->request, response);
               way->Finish(call, response);
             });
  }

  void Finish(const std::shared_ptr<Call>& call, Result<net::Response> result) {
    if (*life_ && call->callback) std::exchange(call->callback, nullptr)(std::move(result));
  }

  Network& network_;
  std::shared_ptr<bool> life_;
  ServerPort& port_;
  std::shared_ptr<Line> line_;
};

namespace {
class SimTransport final : public net::Transport {
 public:
  explicit SimTransport(std::shared_ptr<Way> way) : way_(std::move(way)) {}
  void Send(net::Request request, std::chrono::milliseconds timeout, Callback callback) override {
    way_->Send(std::move(request), timeout, std::move(callback));
  }

 private:
  std::shared_ptr<Way> way_;
};
}  // namespace

std::unique_ptr<net::Transport> Network::Connect(ProcessLoop& loop, ServerPort& port,
                                                 std::shared_ptr<Line> line) {
  return std::make_unique<SimTransport>(std::make_shared<Way>(*this, loop, port, std::move(line)));
}

void Network::Heal() {
  cut_ = false;
  faults_.drop_request = faults_.drop_answer = faults_.duplicate = 0;
}

int64_t Network::Delay(const Line& line) {
  auto range = static_cast<uint64_t>(faults_.most_delay_us - faults_.least_delay_us);
  return (faults_.least_delay_us + static_cast<int64_t>(world_.random.Below(range))) *
         line.slowness;
}

}  // namespace rw::sim
