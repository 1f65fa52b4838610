"""Backbone, image size and task -> a network; its weights, their transfer, its predictions."""
