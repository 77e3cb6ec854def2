"""Exact results of the sums that `arithmetic` reads, within bounds."""

from __future__ import annotations

import ast
from fractions import Fraction
from math import log2

from .blocks import LIMITS, grouped

# Digits after the point: as many as a calculator shows.
DECIMALS = 12


class NoResult(ValueError):
    """A sum without a result that can be shown; the message is the name of its reason."""


def result(expression: str) -> Fraction:
    """Return the value of a sum. Raise NoResult for a division by zero and for numbers beyond the bounds."""
    value = _value(ast.parse(expression, mode="eval").body)
    if abs(value) >= 10**LIMITS.digits:
        raise NoResult("giant")
    return value


def written(value: Fraction, language: str) -> str:
    """Return a number in digits: whole, or with at most twelve after the point."""
    whole, rest = divmod(round(abs(value) * 10**DECIMALS), 10**DECIMALS)
    decimals = f"{rest:0{DECIMALS}}".rstrip("0")
    sign = "-" if value < 0 and (whole or rest) else ""
    return grouped(f"{sign}{whole:,}{'.' if decimals else ''}{decimals}", language)


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(ast.unparse(node))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=symbol, right=right):
            return _bounded(_combined(_value(left), symbol, _value(right)))
    raise NoResult("giant")


def _combined(left: Fraction, symbol: ast.operator, right: Fraction) -> Fraction:
    if isinstance(symbol, ast.Div | ast.FloorDiv | ast.Mod) and not right:
        raise NoResult("zero")
    match symbol:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(left // right)
    return left % right


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if not base and exponent < 0:
        raise NoResult("zero")
    if exponent.denominator != 1:
        return _root(base, exponent)
    bits = log2(max(abs(base.numerator), base.denominator)) if base else 0
    if bits and (abs(exponent) > LIMITS.bits or bits * int(abs(exponent)) > LIMITS.bits):
        raise NoResult("giant")
    return Fraction(base ** int(exponent))


def _root(base: Fraction, exponent: Fraction) -> Fraction:
    """Return a power with a broken exponent, as near as floating-point numbers come."""
    if base < 0:
        raise NoResult("root")
    try:
        return Fraction(float(base) ** float(exponent)).limit_denominator(10**12)
    except OverflowError:
        raise NoResult("giant") from None


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LIMITS.bits:
        raise NoResult("giant")
    return value
