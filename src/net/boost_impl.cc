// The bodies of Asio's and Beast's functions, once for the program.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
