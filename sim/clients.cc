#include "sim/clients.h"

#include "cas/digest.h"
#include "cas/pack.h"
#include "json/value.h"

namespace rw::sim {

Clients::Clients(Stage& stage)
    : stage_(stage),
      world_(stage.world),
      loop_(stage.world, "client"),
      transport_(stage.network.Connect(loop_, stage.port, std::make_shared<Line>())) {}

void Clients::Start(bool patient) {
  // Now and then more than there are places.
  int runs = world_.random.Chance(0.15) ? 6 : 1 + static_cast<int>(world_.random.Below(3));
  if (patient) runs = 1;
  if (runs > 4) world_.coverage.Hit("queue:run-waited");
  for (int i = 0; i < runs; i++) PlanRun(i, patient);
  int notebooks = patient ? 1 : static_cast<int>(world_.random.Below(3));
  for (int i = 0; i < notebooks; i++) PlanNotebook(i, patient);
  PlanBlobs();
}

void Clients::PlanNotebook(int number, bool patient) {
  SeededRandom& random = world_.random;
  NotebookPlan plan;
  plan.points = static_cast<int>(random.Below(200));
  plan.step_us = 200 + static_cast<int64_t>(random.Below(15'000));
  plan.here = random.Chance(0.5);
  plan.child = random.Chance(0.3);
  uint64_t dice = random.Below(10);
  if (dice >= 5) plan.end = dice >= 7 ? NotebookPlan::End::kNoWord : NotebookPlan::End::kFail;
  if (patient) {
    plan.points = static_cast<int>(random.Below(100));
    plan.step_us = 2 * kSecond;
    if (random.Chance(0.3)) {
      plan.asleep_us = 1 + static_cast<int64_t>(random.Below(20 * kSecond));
      plan.awake_us = plan.asleep_us + 120 * kSecond;
    }
  }
  uint64_t life = patient ? 100 * kSecond : 3 * kSecond;
  if (random.Chance(0.4)) plan.killed_us = 1 + static_cast<int64_t>(random.Below(life));
  // By then what it had on its way to the server is there or lost.
  if (!plan.here || random.Chance(0.2))
    plan.synced_us = kSecond + static_cast<int64_t>(random.Below(3 * kSecond));
  auto notebook = std::make_shared<Notebook>(
      Notebook::Place{world_, stage_.network, stage_.port, stage_.machine,
                      stage_.server.owner_token(), stage_.workspace},
      "nb_" + random.Hex(4), 1000 + number, plan);
  stage_.notebooks.push_back(notebook);
  world_.At(world_.now() + static_cast<int64_t>(random.Below(kSecond)), "notebook:start",
            [notebook] { notebook->Start(); });
}

void Clients::PlanRun(int number, bool patient) {
  SeededRandom& random = world_.random;
  std::string id = "sim_1700000000_" + random.Hex(4);
  ScriptPlan plan;
  plan.points = static_cast<int>(random.Below(300));
  plan.step_us = 200 + static_cast<int64_t>(random.Below(15'000));
  plan.exit_code = static_cast<int>(random.Below(3));
  if (random.Chance(0.3)) plan.children = 1 + static_cast<int>(random.Below(3));
  plan.two_writers = random.Chance(0.2);
  if (!plan.two_writers && plan.points > 0 && random.Chance(0.1))
    plan.damage_at = static_cast<int>(random.Below(static_cast<uint64_t>(plan.points)));
  if (random.Chance(0.5)) plan.output_bytes = 1 + random.Below(100'000);
  if (patient) plan.points = 200, plan.step_us = kSecond;
  int64_t when = static_cast<int64_t>(random.Below(kSecond)) * (number > 0 ? 1 : 0);
  if (random.Chance(patient ? 0.2 : 0.3)) {
    plan.endless = random.Chance(0.5);
    plan.stubborn = random.Chance(0.3);
    PlanCancel(id, when, patient);
  }
  stage_.plans[id] = plan;
  if (random.Chance(0.3)) stage_.built.insert(id);
  stage_.wanted.push_back(id);
  world_.At(when, "client:submit", [this, id] { Submit(id); });
}

void Clients::PlanCancel(const std::string& id, int64_t submitted_at, bool patient) {
  stage_.to_cancel.insert(id);
  // Early moments are short ones: half of the cancels fall into them.
  uint64_t range = world_.random.Chance(0.5) ? 30'000 : (patient ? 60 : 3) * kSecond;
  world_.At(submitted_at + static_cast<int64_t>(world_.random.Below(range)), "client:cancel",
            [this, id] { Cancel(id); });
}

net::Request Clients::RequestOf(const std::string& method, const std::string& path,
                                std::string body) {
  net::Request request;
  request.method = method;
  request.path = path;
  request.headers["Authorization"] = "Bearer " + stage_.server.owner_token();
  request.headers["Content-Type"] = "application/json";
  request.body.bytes = std::move(body);
  return request;
}

void Clients::Insist(net::Request request, const std::string& name) {
  stage_.unfinished_clients++;
  transport_->Send(
      request, std::chrono::milliseconds(500), [this, request, name](Result<net::Response> r) {
        stage_.unfinished_clients--;
        if (r && r->status < 300) return;
        bool early = r && r->status == 404 && name == "cancel";  // its submission is on its way
        if (r && r->status < 500 && !early)
          return stage_.Violate("valid_requests_are_taken", name + ": " + r->body.bytes);
        stage_.unfinished_clients++;
        loop_.After("client:retry", std::chrono::milliseconds(100), [this, request, name] {
          stage_.unfinished_clients--;
          Insist(request, name);
        });
      });
}

void Clients::Submit(const std::string& id) {
  json::Value body = json::Object{{"experiment", "sim"}, {"run_id", id}, {"command", "true"}};
  json::Value environment = json::Object{{"kind", "interpreter"}};
  environment.Set("interpreter_path", "/usr/bin/python3");
  if (stage_.built.contains(id))
    environment = json::Object{{"kind", "pip"}, {"requirements", json::Array{"six==1.0"}}};
  body.Set("environment", environment);
  Insist(RequestOf("POST", "/api/v1/workspaces/" + stage_.workspace + "/runs", json::Write(body)),
         "submit");
}

void Clients::Cancel(const std::string& id) {
  NoteStage(id);
  Insist(RequestOf("POST", "/api/v1/runs/" + id + "/cancel", "{}"), "cancel");
}

void Clients::NoteStage(const std::string& id) {
  std::string_view point = "cancel:before-its-place";
  for (const auto& shim : stage_.machine.shims()) {
    if (shim->request().run.str() != id) continue;
    bool running = shim->script() != nullptr && shim->script()->running();
    if (shim->ended()) {
      point = "cancel:ended";
    } else if (!shim->launched()) {
      point = "cancel:preparing";
    } else {
      point = running ? "cancel:running" : "cancel:finalizing";
      break;
    }
  }
  world_.coverage.Hit(point);
}

void Clients::PlanBlobs() {
  int64_t delay = 20'000 + static_cast<int64_t>(world_.random.Below(500'000));
  world_.At(world_.now() + delay, "client:blobs", [this] {
    if (stage_.healed) return;
    // A pack of some size is synced as a whole, single blobs one by one.
    size_t count = world_.random.Chance(0.3) ? 6 : 1;
    std::string pack, path;
    for (size_t i = 0; i < count; i++) {
      std::string bytes(1 + world_.random.Below(20'000), '\0');
      world_.random.Fill(bytes.data(), bytes.size());
      cas::Digest digest = cas::Digest::Of(bytes);
      stage_.blobs[digest.Hex()] = bytes;
      cas::AppendToPack(digest, bytes, &pack);
      path = "/api/v1/blobs/" + digest.Hex();
      if (count == 1) pack = std::move(bytes);
    }
    if (count == 1)
      Insist(RequestOf("PUT", path, std::move(pack)), "blob");
    else
      Insist(RequestOf("POST", "/api/v1/blobs/pack", std::move(pack)), "pack");
    PlanBlobs();
  });
}

}  // namespace rw::sim
