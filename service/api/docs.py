"""`/openapi.json` and `/docs`: what the API takes and answers, readable offline."""

from flask import Blueprint

docs = Blueprint("docs", __name__)
