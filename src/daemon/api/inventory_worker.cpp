// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/inventory_worker.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "base/time.hpp"
#include "daemon/api/asked.hpp"

namespace keyshift::daemon {
namespace {

namespace asio = boost::asio;
using base::Result;
using http::Response;
using inventory::JudgedBy;
using store::State;
using namespace std::chrono_literals;

/// So long somebody waits for all keys before he is told that they are being read.
constexpr auto kPatience = 100ms;

}  // namespace

/// A question about keys, from its arrival until it is given to the worker.
struct InventoryWorker::Question {
    JudgedBy by;
    KeyWork work;
    Work meanwhile;
    http::Answer answer = {};
    bool is_taken = false;  // given to the worker, or answered
    asio::steady_timer patience;
};

InventoryWorker::InventoryWorker(asio::io_context& loop, const domain::Model& model, OpenState open)
    : loop_(loop), model_(model), worker_(loop, open()), reader_(loop, open) {}

JudgedBy InventoryWorker::judged_by() const {
    return JudgedBy::of(model_, database_now(model_, base::now()));
}

Response InventoryWorker::ask(Work work) {
    return worker_.ask([work = std::move(work), by = judged_by()](State& state) { return work(state, by); });
}

Response InventoryWorker::ask_keys(KeyWork work, Work meanwhile) {
    if (are_too_many(worker_.waiting() + open_questions_)) return too_many_ask();
    const auto question = std::make_shared<Question>(
        Question{judged_by(), std::move(work), std::move(meanwhile), {}, false, asio::steady_timer(loop_)});
    Response response;
    response.later = [this, question](http::Answer answer) {
        question->answer = std::move(answer);
        ++open_questions_;
        ask_index(question);
    };
    return response;
}

bool InventoryWorker::take(Question& question) {
    if (std::exchange(question.is_taken, true)) return false;
    --open_questions_;
    question.patience.cancel();
    return true;
}

void InventoryWorker::ask_index(const std::shared_ptr<Question>& question) {
    // Rows of an index are of the state that it was read from.
    if (const auto exchanges = worker_.exchanges(); exchanges != std::exchange(read_of_, exchanges))
        reader_.forget();
    reader_.ask(question->by.read_at, [this, question](const Result<IndexReader::Kept>& kept) {
        if (!take(*question)) return;
        if (kept)
            answer(*question, *kept);
        else
            question->answer(problem_of(kept.error()));
    });
    if (!question->is_taken && question->meanwhile) answer_meanwhile_later(question);
}

void InventoryWorker::answer(Question& question, const IndexReader::Kept& kept) {
    question.by.read_at = kept.read_at;
    auto work = [this, index = kept.index, of = read_of_, by = question.by,
                 work = std::move(question.work)](State& state) -> Result<Response> {
        if (worker_.exchanges() != of)
            return base::Error{base::Errc::other, "another state file was put in place meanwhile",
                               "ask again"};
        return work(state, *index, by);
    };
    worker_.begin(std::move(work), std::move(question.answer));
}

void InventoryWorker::answer_meanwhile_later(const std::shared_ptr<Question>& question) {
    question->patience.expires_after(kPatience);
    question->patience.async_wait([this, question](const boost::system::error_code& error) {
        if (error || !take(*question)) return;
        worker_.begin([work = std::move(question->meanwhile),
                       by = question->by](State& state) { return work(state, by); },
                      std::move(question->answer));
        question->work = {};  // the index may take long to come
    });
}

}  // namespace keyshift::daemon
