// SPDX-License-Identifier: Apache-2.0
#include "http/tls/client_names.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace keyshift::http {
namespace {

namespace ip = boost::asio::ip;

std::string text_of(const ASN1_STRING* string) {
    const auto* const data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
    return {data, static_cast<std::size_t>(ASN1_STRING_length(string))};
}

template <class Address>
std::string address_text(const std::string& octets) {
    typename Address::bytes_type bytes{};
    std::memcpy(bytes.data(), octets.data(), bytes.size());
    return Address(bytes).to_string();
}

std::string name_text(const GENERAL_NAME* name) {
    switch (name->type) {
        case GEN_DNS:
        case GEN_EMAIL:
        case GEN_URI:
            return text_of(name->d.ia5);
        case GEN_IPADD: {
            const std::string octets = text_of(name->d.iPAddress);
            if (octets.size() == 4) return address_text<ip::address_v4>(octets);
            if (octets.size() == 16) return address_text<ip::address_v6>(octets);
            return {};
        }
        default:
            return {};
    }
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text,
                               [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string common_name(X509* certificate) {
    const X509_NAME* const subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return out;
}

}  // namespace

std::vector<std::string> alternative_names(x509_st* certificate) {
    const auto free_names = [](GENERAL_NAMES* names) { GENERAL_NAMES_free(names); };
    const std::unique_ptr<GENERAL_NAMES, decltype(free_names)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        free_names);
    std::vector<std::string> out;
    const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0; i < count; ++i) {
        std::string name = name_text(sk_GENERAL_NAME_value(names.get(), i));
        if (!name.empty() && name.find('\0') == std::string::npos) out.push_back(std::move(name));
    }
    return out;
}

std::string subject_name(x509_st* certificate) {
    std::string name = common_name(certificate);
    if (name.empty()) {
        const auto others = alternative_names(certificate);
        if (!others.empty()) name = others.front();
    }
    return has_control(name) ? std::string() : name;
}

}  // namespace keyshift::http
