"""Zero-knowledge margin proofs: margin, what-if, stress, prove and verify."""

import os
from decimal import Decimal
from typing import Any, Optional, Sequence, Union

Number = Union[str, int, float, Decimal]

class ZkMarginError(Exception):
    """What was given is refused; the message says why, without figures of a portfolio."""

class FalseClaim(ZkMarginError):
    """The claim is not true of the portfolio."""

class Below(ZkMarginError):
    """The proof is true, and says that the account is below a level."""

class Portfolio:
    """A portfolio, opened in memory."""

    @staticmethod
    def open(file: bytes, identity: str) -> Portfolio: ...
    @staticmethod
    def from_json(text: str) -> Portfolio: ...
    def encrypt(self, recipients: Sequence[str]) -> bytes: ...
    @property
    def account(self) -> str: ...

class Market:
    """The public market of an epoch; its root is recomputed."""

    @staticmethod
    def from_json(text: str) -> Market: ...
    @staticmethod
    def build(model: str, snapshot: str, epoch: int, proof_system: str = "ipa") -> Market: ...
    def to_json(self) -> str: ...
    def margin(self, portfolio: Portfolio) -> dict[str, Any]: ...
    def what_if(
        self,
        portfolio: Portfolio,
        symbol: Optional[str] = None,
        quantity: Optional[Number] = None,
        price: Optional[Number] = None,
        cash: Optional[Number] = None,
    ) -> dict[str, dict[str, Any]]: ...
    def stress(self, portfolio: Portfolio, factors: Sequence[Number]) -> list[dict[str, str]]: ...
    def commitment(self, portfolio: Portfolio) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def proof_system(self) -> str: ...
    @property
    def root(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def quote(self) -> str: ...

class State:
    """A venue's account tree in an epoch."""

    @staticmethod
    def from_json(file: bytes) -> State: ...
    def to_json(self) -> bytes: ...
    @property
    def root(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def context(self) -> str: ...

class Venue:
    """A venue's accounts with their commitments."""

    def __init__(self, context: str, proof_system: str = "ipa") -> None: ...
    def commit(self, market: Market, portfolio: Portfolio) -> str: ...
    def state(self, epoch: int) -> State: ...

class Prover:
    """Makes proofs; keys are loaded at the first and kept."""

    def __init__(
        self,
        cache: Optional[Union[str, os.PathLike[str]]] = None,
        insecure_dev_srs: bool = False,
        layout: Optional[str] = None,
    ) -> None: ...
    def prove(self, market: Market, state: State, portfolio: Portfolio, claim: str) -> str: ...

class Verifier:
    """Verifies proofs, and holds them to what they must be about."""

    def __init__(
        self, cache: Optional[Union[str, os.PathLike[str]]] = None, insecure_dev_srs: bool = False
    ) -> None: ...
    def verify(
        self,
        proof: str,
        *,
        epoch: str,
        signers: str,
        context: str,
        at_least: str,
        max_age: int,
        account: Optional[str] = None,
    ) -> dict[str, Any]: ...
    def verify_own(
        self,
        proof: str,
        *,
        market: Market,
        state: State,
        at_least: str,
        max_age: int,
        account: Optional[str] = None,
    ) -> dict[str, Any]: ...
