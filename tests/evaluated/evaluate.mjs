// Has an evaluator of IAM policies that is not ours decide every request of a case.
//
//     evaluate.mjs CASES
//
// A case holds a bucket's account and policy, and requests: who asks (principal and its identity
// policies), for what (action, resource, the request's own context), and what must come of it.
// Fails when a decision differs, when the evaluator refuses its input, or when a case has not both
// an allowed and a denied request: one that allows everything would prove nothing.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const [cases] = process.argv.slice(2)
const files = readdirSync(cases).filter((name) => name.endsWith('.json')).sort()
const faults = []
let count = 0

async function decide({ account, policy }, { principal, identity, action, resource, context }) {
  const answer = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: account },
        // The evaluator takes this key from the request instead of deriving it.
        contextVariables: { 'aws:PrincipalArn': principal, ...context },
      },
      identityPolicies: identity.map((document, index) => ({
        name: `identity-${index}`,
        policy: document,
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy ?? undefined,
    },
    {},
  )
  if (answer.resultType !== 'single') {
    throw new Error(`no decision: ${JSON.stringify(answer)}`)
  }
  return answer.overallResult
}

for (const file of files) {
  const story = JSON.parse(readFileSync(join(cases, file), 'utf8'))
  const wanted = new Set(story.requests.map((request) => request.allowed))
  if (wanted.size !== 2) {
    faults.push(`${file}: needs allowed and denied requests`)
  }
  for (const request of story.requests) {
    const decision = await decide(story, request)
    count += 1
    if ((decision === 'Allowed') !== request.allowed) {
      const { principal, action, resource } = request
      faults.push(
        `${file}: ${principal}: ${action} on ${resource}: ${decision}, ` +
          `but should be ${request.allowed ? 'allowed' : 'denied'}`,
      )
    }
  }
}

if (count === 0) {
  faults.push(`${cases}: no requests`)
}
for (const fault of faults) {
  console.error(fault)
}
console.log(`${count} requests decided, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
