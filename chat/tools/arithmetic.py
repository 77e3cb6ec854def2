"""Arithmetic for models, by a small grammar of its own, never `eval`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

from chat.tools.registry import tool

# A person asks for no longer expression.
EXPRESSION_CHARACTERS = 500
# A greater power takes seconds and megabytes.
MAX_EXPONENT = 1_000
# Of a whole number: about 3,000 digits.
MAX_BITS = 10_000

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
}


@tool()
async def calculate(expression: str) -> str:
    """Calculate an arithmetic expression, such as 12*(3+4): + - * / // % **, brackets, sqrt, abs, round, min, max."""
    if len(expression) > EXPRESSION_CHARACTERS:
        raise ValueError(f"an expression may have {EXPRESSION_CHARACTERS} characters")
    try:
        return str(_value(ast.parse(expression.strip(), mode="eval").body))
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("that is no arithmetic expression") from None


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _small(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=symbol, right=right) if type(symbol) in _BINARY:
            return _binary(symbol, _value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _small(_FUNCTIONS[name](*(_value(argument) for argument in arguments)))
    raise ValueError("only numbers, + - * / // % **, brackets and sqrt, abs, round, min, max can be used")


def _binary(symbol: ast.operator, left: float, right: float) -> float:
    if isinstance(symbol, ast.Pow) and (abs(right) > MAX_EXPONENT or (left < 0 and right != int(right))):
        raise ValueError("that power is out of range")
    return _small(_BINARY[type(symbol)](left, right))


def _small(number: float) -> float:
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise ValueError("the numbers become too large")
    return number
