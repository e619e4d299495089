// Mutants of the contracts: `from`, which the file holds once, becomes `to`.

const of = (file, list) => list.map(([what, from, to]) => ({ file, what, from, to }));

export const mutants = [
  ...of("lib/MarginClock.sol", [
    ["a pause ends a second early", "pausedUntil < time) {", "pausedUntil <= time) {"],
    [
      "a grace begins with no second that runs",
      "provable(meta, pausedUntil + 1)",
      "provable(meta, pausedUntil)",
    ],
    ["a snapshot is stale a second early", "time <= meta.freshUntil;", "time < meta.freshUntil;"],
    [
      "circuits end a second late",
      "time <= meta.circuitsUntil &&",
      "time <= uint256(meta.circuitsUntil) + 1 &&",
    ],
    ["the clock runs under a revoked model", "            !meta.modelRevoked &&\n", ""],
    [
      "the clock runs while a circuit is frozen",
      "            !meta.breaker &&\n            !meta.circuitsFrozen;",
      "            !meta.breaker;",
    ],
    [
      "the clock runs past the snapshot",
      "Math.min(meta.freshUntil, meta.circuitsUntil)",
      "meta.circuitsUntil",
    ],
    ["a grace longer than the outage", "Math.min(gracePeriod, time - meta.lastRan)", "gracePeriod"],
    [
      "a grace that takes back what had passed",
      "due >= meta.graceFrom && due < meta.graceUntil",
      "due < meta.graceUntil",
    ],
  ]),
  ...of("markets/MarketEpochs.sol", [
    [
      "the time of a snapshot in 32 bits",
      "marketTimestamp: uint48(post.marketTimestamp),",
      "marketTimestamp: uint32(post.marketTimestamp),",
    ],
    [
      "the end of a snapshot in 32 bits",
      "meta.freshUntil = uint48(freshUntil);",
      "meta.freshUntil = uint32(freshUntil);",
    ],
    ["an ordinary epoch lifts the quarantine", "        if (meta.breaker) return true;\n", ""],
    [
      "a jump is not seen",
      "            moves.confirmed != 0 &&\n",
      "            moves.confirmed == type(uint64).max &&\n",
    ],
    ["an epoch's clock in 32 bits", "posted: meta.clock,", "posted: uint32(meta.clock),"],
  ]),
  ...of("MarginMarkets.sol", [
    ["anyone sets circuits", "        if (msg.sender != gate) revert NotTheGate();\n", ""],
    [
      "anyone pauses",
      "bool governor = ROLES.requireGuardian(context, msg.sender);",
      "bool governor = true;",
    ],
    [
      "a pause without an end",
      "until > uint256(time) + max) revert",
      "until > uint256(time) + uint256(max) * 2) revert",
    ],
    [
      "a resume of another market root",
      "if (epoch != meta.latest || marketRoot != latest.marketRoot) {",
      "if (epoch != meta.latest) {",
    ],
    [
      "a rejected latest epoch keeps the clock running",
      "        if (epoch == meta.latest) meta.latestState = EpochState.Rejected;\n",
      "",
    ],
    [
      "a guardian becomes the governor",
      "    function setSigners(bytes31 context, SignerSet calldata attesters) external {\n        ROLES.requireGovernor(context, msg.sender);",
      "    function setSigners(bytes31 context, SignerSet calldata attesters) external {\n        ROLES.requireGuardian(context, msg.sender);",
    ],
    [
      "signers without their notice",
      "if (from == 0 || _now() < from) revert NoticeNotGiven(from);",
      "if (from == 0) revert NoticeNotGiven(from);",
    ],
  ]),
  ...of("MarginCallRegistry.sol", [
    [
      "proofs count in a halt",
      "        if (seen.meta.halted()) revert EngineHalted();\n        if (claim.below) revert WrongSide();",
      "        if (claim.below) revert WrongSide();",
    ],
    [
      "a below proof keeps current",
      "        if (claim.below) revert WrongSide();\n        if (claim.level < required)",
      "        if (claim.level < required)",
    ],
    [
      "a cure in the epoch of the breach",
      ": claim.epoch > account.epoch;",
      ": claim.epoch >= account.epoch;",
    ],
    [
      "a refinement prolongs a call",
      "        if (before.until < account.until) account.until = before.until;\n",
      "",
    ],
    [
      "a call for silence a second early",
      "if (meta.clock <= due) revert NotOverdue(due);",
      "if (meta.clock < due) revert NotOverdue(due);",
    ],
    ["a call for silence when nobody can prove", "        _requireProvable(meta);\n", ""],
    [
      "a proof is not verified",
      "        if (known) return;\n        GATE.requireProof(circuit, inputs, proof);\n",
      "        if (known) return;\n",
    ],
    [
      "a proof does not end the wait for a path",
      "            // Whoever proves has its path, and no change on record but the one it showed.\n            _endNotes(seen);\n",
      "",
    ],
  ]),
  ...of("accounts/AccountState.sol", [
    [
      "liquidatable at the deadline",
      "if (seen.meta.clock > deadline) {",
      "if (seen.meta.clock >= deadline) {",
    ],
    [
      "risk while the path is withheld",
      "if (seen.path.open || seen.path.changed != 0) return false;",
      "if (seen.path.changed != 0) return false;",
    ],
    [
      "risk while a change is on record",
      "if (seen.path.open || seen.path.changed != 0) return false;",
      "if (seen.path.open) return false;",
    ],
    [
      "risk when late",
      "        if (seen.meta.clock > seen.meta.effective(seen.account.until)) return false;\n",
      "",
    ],
    [
      "a withheld path stops no clock",
      "if (path.open && path.since < seen.clock) seen.meta.clock = path.since;",
      "",
    ],
  ]),
  ...of("accounts/AccountPaths.sol", [
    [
      "two requests in an epoch",
      "if (path.open || path.epoch >= epoch) revert",
      "if (path.open) revert",
    ],
    [
      "anyone holds an account",
      "nonReentrant returns (uint64 epoch) {\n        _requirePaths();\n",
      "nonReentrant returns (uint64 epoch) {\n",
    ],
    [
      "an answer adds no time",
      "account.until = MarginClock.add(until, seen.clock - began);",
      "account.until = until;",
    ],
    [
      "an answer revives what had passed",
      "        if (until >= path.since) {\n",
      "        if (until >= 0) {\n",
    ],
  ]),
  ...of("MarginPaths.sol", [
    [
      "anyone answers",
      "        _requireVenue(context);\n        if (sealedPath.length",
      "        if (sealedPath.length",
    ],
    [
      "an answer is late in its last second",
      "bool inTime = block.timestamp <= asked.answerBy;",
      "bool inTime = block.timestamp < asked.answerBy;",
    ],
    ["a stake that is withdrawn all the same", "        bond.free -= stake;\n", ""],
    [
      "an old answer ends a new wait",
      "if (path.open && path.epoch == epoch) REGISTRY",
      "if (path.open) REGISTRY",
    ],
    [
      "a stake forfeited twice",
      "if (asked.settled || block.timestamp <= asked.answerBy) revert",
      "if (block.timestamp <= asked.answerBy) revert",
    ],
    [
      "a withdrawal without notice",
      "if (bond.leavesFrom == 0 || block.timestamp < bond.leavesFrom) {",
      "if (bond.leavesFrom == 0) {",
    ],
  ]),
  ...of("MarginBonds.sol", [
    ["paid twice for a call", "        if (paidFor[context][account] == since) return;\n", ""],
    [
      "a breach whose memo names nobody",
      "        if (keeper == address(0)) revert NobodyToPay();\n",
      "",
    ],
    [
      "a bond leaves while it is at stake",
      "if (facts.state == State.Called || facts.state == State.Liquidatable) revert AtStake();",
      "",
    ],
  ]),
  ...of("MarginChanges.sol", [
    [
      "anyone says what becomes of an account",
      "        OPERATORS.requireConsent(owner, msg.sender);\n",
      "",
    ],
    [
      "any change shows a commitment",
      "            inputs[MarginChangeInputs.CHANGE] != MarginChangeInputs.NOTHING ||\n",
      "",
    ],
    [
      "any commitment is shown",
      "inputs[MarginChangeInputs.NEXT] != next",
      "inputs[MarginChangeInputs.NEXT] == 0",
    ],
    [
      "the epoch of the breach cures",
      "breached ? claim.epoch <= account.epoch",
      "breached ? claim.epoch < account.epoch",
    ],
    ["a called account closes lots to the end", "if (clock > half)", "if (clock > account.until)"],
    [
      "who was short of a higher level closes lots",
      "if (cured > breach) revert",
      "if (false) revert",
    ],
    [
      "whoever is under no call closes lots",
      "        if (account.state != State.Called) revert NotCalled();\n",
      "",
    ],
    [
      "a deleveraging cures by the required level",
      "cures ? terms.cureLevel : terms.requiredLevel",
      "terms.requiredLevel",
    ],
    ["a change expires an epoch early", "meta.latest <= last", "meta.latest < last"],
    [
      "a later change takes the place of an open one",
      "} else if (path.changed != 0) {",
      "} else if (path.changed > claim.epoch) {",
    ],
  ]),
  ...of("examples/clearing/ClearingAuctions.sol", [
    [
      "anyone sells in the owner's part of a call",
      "REGISTRY.standing(CONTEXT, account).clock <= until",
      "REGISTRY.standing(CONTEXT, account).clock == 0",
    ],
    ["another account's proof", "            claim.account != account ||\n", ""],
    [
      "the whole before the deadline",
      "return REGISTRY.liquidatable(CONTEXT, account);",
      "return true;",
    ],
    ["a bid without a bond", "        _lockBond(msg.sender, _rules.bond);\n", ""],
    [
      "a slice below the cutoff",
      "if (!auction.whole && elapsed > _rules.curve.fast)",
      "if (auction.started == 0)",
    ],
    ["the keeper before the lenders", "Math.min(paid - repaid, bonus)", "Math.min(paid, bonus)"],
  ]),
  ...of("examples/clearing/ClearingPool.sol", [
    [
      "lenders leave a loss to others",
      "        if (openAuctions != 0) revert Paused(openAuctions);\n",
      "",
    ],
    [
      "lenders pay before the fund",
      "Math.min(amount, fund);\n        fund -=",
      "Math.min(0, fund);\n        fund -=",
    ],
    ["a fund without a cap", "Math.min(amount, FUND_CAP - fund)", "amount"],
  ]),
  ...of("MarginEscrows.sol", [
    [
      "an escrow to any committee",
      "if (EscrowCiphertexts.committee(ciphertext.key) != demanded)",
      "if (demanded == bytes32(uint256(1)))",
    ],
    [
      "an escrow's ciphertext that is not the proof's",
      "        if (EscrowCiphertexts.digest(ciphertext) != escrow) revert OtherCiphertext();\n",
      "",
    ],
    ["an escrow of a breach", "        if (claim.below) revert WrongSide();\n", ""],
  ]),
  ...of("MarginProofGate.sol", [
    [
      "no escrow where one is demanded",
      "known.statement == Statement.Margin && committeeOf[context] != 0",
      "false",
    ],
    [
      "an escrow demanded of circuits that are active",
      " ||\n            _active[context].length != 0",
      "",
    ],
    [
      "a clock that runs though no escrow can be proved",
      "committeeOf[context] == 0 ? Statement.Margin : Statement.Escrow",
      "Statement.Margin",
    ],
  ]),
];
