-- One POST a line of BODIES, each with a key of its own; Writes what wrk measured as JSON.
local lines = {}
local at = 0

function init(arguments)
  local path = os.getenv("LOAD_BODIES")
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  route = os.getenv("LOAD_ROUTE")
  headers = { ["Authorization"] = "Bearer " .. os.getenv("LOAD_KEY"), ["Content-Type"] = "application/json" }
  run = os.getenv("LOAD_RUN")
end

function request()
  at = at + 1
  headers["Idempotency-Key"] = run .. "-" .. at
  return wrk.format("POST", route, headers, lines[at] or "{}")
end

function done(summary, latency, requests)
  local out = io.open(os.getenv("LOAD_RESULT"), "w")
  out:write(string.format(
    '{"requests": %d, "micros": %d, "refused": %d, "broken": %d, "p50": %d, "p90": %d, "p99": %d, "most": %d}',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
  out:close()
end
