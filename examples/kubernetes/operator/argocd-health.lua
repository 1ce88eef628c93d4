-- The health of a TelnyxOrganization for Argo CD: resource.customizations.health.trunkline.dev_TelnyxOrganization in
-- the ConfigMap argocd-cm. A plan that waits for approval is suspended, not degraded: it needs a person.
local health = { status = "Progressing", message = "waiting for the first check" }
local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready, stalled, reconciling = conditions.Ready, conditions.Stalled, conditions.Reconciling
if ready == nil then
  return health
end
health.message = ready.message
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif reconciling ~= nil and reconciling.status == "True" then
  health.status = "Progressing"
elseif ready.status == "True" then
  health.status = "Healthy"
elseif ready.reason == "ApprovalRequired" or ready.reason == "Suspended" then
  health.status = "Suspended"
elseif ready.status == "Unknown" then
  health.status = "Unknown"
end
return health
