// SPDX-License-Identifier: Apache-2.0
#include "http/tls/tls_engine.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "http/tls/client_names.hpp"

namespace keyshift::http {

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)),
      ssl_(SSL_new(context_->handle())),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_accept_state(ssl_);
}

TlsEngine::~TlsEngine() {
    SSL_free(ssl_);
}

void TlsEngine::feed(std::string_view received) {
    BIO_write(in_, received.data(), static_cast<int>(received.size()));
}

TlsEngine::State TlsEngine::state_of(int result) {
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_WANT_READ) return State::wants_input;
    if (error == SSL_ERROR_ZERO_RETURN) return State::closed;
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    why_ = reason == nullptr ? "unknown error" : reason;
    ERR_clear_error();
    return State::failed;
}

TlsEngine::State TlsEngine::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result != 1) return state_of(result);
    if (context_->wants_name() && SSL_get0_peer_certificate(ssl_) == nullptr) {
        why_ = "the client has no certificate, and so none of the names that are let in";
        return State::failed;
    }
    return State::done;
}

TlsEngine::State TlsEngine::read(char* to, std::size_t size, std::size_t& read) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, to, size, &read);
    if (result == 1) return State::done;
    read = 0;
    return state_of(result);
}

TlsEngine::State TlsEngine::write(std::string_view text) {
    if (text.empty()) return State::done;
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_, text.data(), text.size(), &written);
    return result == 1 ? State::done : state_of(result);
}

void TlsEngine::close() {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
    ERR_clear_error();
}

std::string_view TlsEngine::output() const {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    return {data, size > 0 ? static_cast<std::size_t>(size) : 0};
}

void TlsEngine::drop_output() {
    static_cast<void>(BIO_reset(out_));
}

std::string TlsEngine::client_name() const {
    if (context_->client_auth() != ClientAuth::require_and_verify) return {};
    X509* const certificate = SSL_get0_peer_certificate(ssl_);
    if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return {};
    return subject_name(certificate);
}

bool looks_like_http(std::string_view first_bytes) {
    constexpr auto kBegins = std::to_array<std::string_view>({"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"});
    return std::ranges::find(kBegins, first_bytes.substr(0, 5)) != kBegins.end();
}

}  // namespace keyshift::http
