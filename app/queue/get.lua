-- get.lua: read only. ARGV: ids. Returns five strings a task: record, state, payload, result, progress ("" where
-- there is none; a record of "" is an unknown task).

local answer = {}
for _, id in ipairs(ARGV) do
  for _, key in ipairs({ K.tasks, K.state, K.payloads, K.results, K.progress }) do
    answer[#answer + 1] = redis.call('HGET', key, id) or ''
  end
end
return answer
