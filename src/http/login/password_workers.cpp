// SPDX-License-Identifier: Apache-2.0
#include "http/login/password_workers.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

#include "http/login/bcrypt.hpp"

namespace keyshift::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kThreads = 2;

}  // namespace

struct PasswordWorkers::Shared : std::enable_shared_from_this<Shared> {
    struct Job {
        std::string peer;
        base::Secret hash;
        base::Secret password;
        Done done;
    };

    Shared(const asio::any_io_executor& e, Bounds b) : loop(e), bounds(b) {}

    void start();
    void work();
    void finish(Job job, bool fits);

    asio::any_io_executor loop;
    const Bounds bounds;
    std::size_t threads = 0;                     // the loop's own
    std::map<std::string, std::size_t> by_peer;  // likewise: not answered yet
    std::size_t open = 0;                        // likewise
    // Likewise: of the loop, while something is open. No thread has one, since a thread may outlive the loop.
    std::optional<asio::executor_work_guard<asio::any_io_executor>> guard;

    std::mutex mutex;  // of what is below
    std::condition_variable changed;
    std::deque<Job> jobs;
    bool over = false;
};

/// Signals are for the loop's thread.
void PasswordWorkers::Shared::start() {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    while (threads < kThreads) {
        std::thread([self = shared_from_this()] { self->work(); }).detach();
        ++threads;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PasswordWorkers::Shared::work() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return over || !jobs.empty(); });
        if (over) return;
        Job job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        const bool fits = bcrypt_fits(job.hash.reveal(), job.password.reveal());
        lock.lock();
        // The loop may be gone.
        if (over) {
            lock.unlock();
            return;
        }
        finish(std::move(job), fits);
    }
}

void PasswordWorkers::Shared::finish(Job job, bool fits) {
    auto shared = std::make_shared<Job>(std::move(job));
    asio::post(loop, [self = shared_from_this(), shared, fits] {
        if (!self->guard) return;  // stopped meanwhile
        if (--self->open == 0) self->guard.reset();
        const auto peer = self->by_peer.find(shared->peer);
        if (--peer->second == 0) self->by_peer.erase(peer);
        shared->done(fits);
    });
}

PasswordWorkers::PasswordWorkers(const asio::any_io_executor& loop, Bounds bounds)
    : shared_(std::make_shared<Shared>(loop, bounds)) {}

PasswordWorkers::~PasswordWorkers() {
    stop();
}

void PasswordWorkers::stop() {
    shared_->guard.reset();
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
    shared_->jobs.clear();
    shared_->changed.notify_all();
}

bool PasswordWorkers::check(const std::string& peer, base::Secret hash, base::Secret password, Done done) {
    if (shared_->over || shared_->open >= shared_->bounds.waiting) return false;
    const auto of_peer = shared_->by_peer.find(peer);
    if (of_peer != shared_->by_peer.end() && of_peer->second >= shared_->bounds.of_one_peer) return false;
    if (shared_->open++ == 0) shared_->guard.emplace(shared_->loop);
    ++shared_->by_peer[peer];
    shared_->start();
    const std::lock_guard lock(shared_->mutex);
    shared_->jobs.push_back({peer, std::move(hash), std::move(password), std::move(done)});
    shared_->changed.notify_one();
    return true;
}

}  // namespace keyshift::http
