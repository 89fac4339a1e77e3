"""Pictures with questions and answers; ``drawing.draw`` draws one of any skill."""
