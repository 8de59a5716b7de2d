// Command bench measures what mlgate costs, and fails when it costs too much:
//
//	go run ./proxy/bench
//
// It owns: the servers that are compared (a stub MLflow, a reverse proxy that
// checks nothing, nginx, the real mlgate, the real MLflow), rounds in which all
// of them take turns, the ratios, their floors, and docs/benchmarks.md.
//
// It does not own: what is right. The tests do; this program only makes sure
// that everything it measures answers, and refuses, as it should.
//
// Everything is compared within one run, side by side and in turns, because
// figures of different runs differ by more than what is looked for: another
// program on the same machine slows all contenders of a round alike. A ratio is
// taken in each round, and the median of the rounds counts.
//
// The load comes from wrk. Every contender is a process of its own on loopback.
package main
