// Preloaded into programs under test: a test run that is killed, or times out, closes their standard input.
process.stdin.once('end', () => process.kill(process.pid, 'SIGKILL'));
process.stdin.resume().unref();
